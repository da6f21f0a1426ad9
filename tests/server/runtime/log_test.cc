#include "server/runtime/log.h"

#include "gtest/gtest.h"

namespace basin::server::runtime {
namespace {

TEST(LogTest, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, "trial ended", {{"sweep", "abc"}, {"n", 3}, {"reason", "it broke"}}),
            R"("trial ended" sweep=abc n=3 reason="it broke")");
}

TEST(LogTest, JsonHasNumbersAsNumbers) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, "trial ended", {{"sweep", "abc"}, {"n", 3}, {"seconds", 0.5}}),
            R"("msg":"trial ended","sweep":"abc","n":3,"seconds":0.5)");
}

TEST(LogTest, TextFromOutsideMakesNoSecondLine) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, "m", {{"name", "a\nb\"c\x01"}}), R"("m" name="a\nb\"c\u0001")");
}

TEST(LogTest, NumbersThatJsonDoesNotKnowAreTexts) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, "m", {{"x", 1.0 / 0.0}}), R"("msg":"m","x":"inf")");
}

}  // namespace
}  // namespace basin::server::runtime
