#include "proto/contract/event_log.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::contract {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

TEST(EventLogTest, TextLineHasTimeLevelSentenceAndFields) {
  std::ostringstream out;
  EventLog::ToStream(&out, "worker", LogFormat::kText, LogLevel::kInfo)
      ->Info("leased", {{"sweep", "abc"}, {"trial", 7}, {"duration_s", 0.5}});
  EXPECT_THAT(out.str(), MatchesRegex("[0-9-]+T[0-9:.]+Z info leased sweep=abc trial=7 duration_s=0.5\n"));
}

TEST(EventLogTest, TextThatIsNotOneWordIsQuoted) {
  std::ostringstream out;
  EventLog::ToStream(&out, "worker", LogFormat::kText, LogLevel::kInfo)->Info("lost", {{"reason", "no \"such\"\nx"}});
  EXPECT_THAT(out.str(), EndsWith("lost reason=\"no \\\"such\\\"\\nx\"\n"));
}

TEST(EventLogTest, JsonLineIsOneObject) {
  std::ostringstream out;
  EventLog::ToStream(&out, "worker", LogFormat::kJson, LogLevel::kInfo)
      ->Warning("a \"b\"", {{"error", "c\n\x01"}, {"trial", 7}, {"x", 1.0 / 0.0}});
  EXPECT_THAT(out.str(), HasSubstr(R"("level":"warning","component":"worker",)"));
  EXPECT_THAT(out.str(), EndsWith(R"("msg":"a \"b\"","error":"c\n\u0001","trial":7,"x":"inf"})"
                                  "\n"));
}

TEST(EventLogTest, EmptyTextsAreLeftOut) {
  std::ostringstream out;
  EventLog::ToStream(&out, "worker", LogFormat::kText, LogLevel::kInfo)->Info("left", {{"reason", ""}});
  EXPECT_THAT(out.str(), EndsWith(" left\n"));
}

TEST(EventLogTest, WhatIsBelowTheLevelIsNotWritten) {
  std::ostringstream out;
  EventLog::ToStream(&out, "worker", LogFormat::kText, LogLevel::kWarning)->Info("leased");
  EXPECT_THAT(out.str(), IsEmpty());
}

}  // namespace
}  // namespace basin::contract
