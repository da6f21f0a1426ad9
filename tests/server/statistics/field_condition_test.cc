#include "server/statistics/field_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/contract/value.h"

namespace basin::server::statistics {
namespace {

using contract::IntValue;
using contract::RealValue;
using contract::TextValue;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::vector<std::string> kPaths = {"train.batch_size", "train.schedule", "train.schedule.exponential.gamma",
                                         "train.model.mlp.hidden[0]", "train.schedule.step.gamma"};

TEST(FindParamTest, EndOfAPathNamesIt) {
  EXPECT_EQ(*FindParam("batch_size", kPaths), "train.batch_size");
  EXPECT_EQ(*FindParam("train.batch_size", kPaths), "train.batch_size");
  EXPECT_EQ(*FindParam("exponential.gamma", kPaths), "train.schedule.exponential.gamma");
  EXPECT_EQ(*FindParam("hidden[0]", kPaths), "train.model.mlp.hidden[0]");
  EXPECT_EQ(*FindParam("schedule", kPaths), "train.schedule");
}

TEST(FindParamTest, PartOfANameDoesNotCount) {
  EXPECT_FALSE(FindParam("size", kPaths).ok());
  EXPECT_FALSE(FindParam("", kPaths).ok());
  EXPECT_FALSE(FindParam(".batch_size", kPaths).ok());
}

TEST(FindParamTest, AmbiguousEndNamesTheCandidates) {
  const absl::Status status = FindParam("gamma", kPaths).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("train.schedule.exponential.gamma"), HasSubstr("train.schedule.step.gamma")));
}

TEST(FindParamTest, UnknownFieldNamesAllParams) {
  EXPECT_THAT(std::string(FindParam("momentum", kPaths).status().message()),
              AllOf(HasSubstr("momentum"), HasSubstr("train.batch_size")));
}

struct Case {
  const char* condition;
  v1::Value value;
  bool holds;
};

TEST(ConditionTest, HoldsOrNot) {
  const Case cases[] = {
      {"batch_size=32", IntValue(32), true},
      {"batch_size=32.0", IntValue(32), true},
      {"batch_size==32", IntValue(32), true},
      {"batch_size = 32", IntValue(32), true},
      {"batch_size=32", IntValue(16), false},
      {"batch_size!=32", IntValue(16), true},
      {"batch_size<32", IntValue(16), true},
      {"batch_size<32", IntValue(32), false},
      {"batch_size<=32", IntValue(32), true},
      {"batch_size>16", IntValue(32), true},
      {"batch_size>=16", IntValue(16), true},
      {"batch_size<1e9", TextValue("full"), false},
      {"batch_size>1", TextValue("full"), false},
      {"batch_size=full", TextValue("full"), true},
      {"batch_size!=full", IntValue(3), true},
      {"batch_size=full", IntValue(3), false},
      {"exponential.gamma=0.9", RealValue(0.9), true},
      {"exponential.gamma=9e-1", RealValue(0.9), true},
      {"schedule=sgdr", TextValue("sgdr(first_period_epochs=10)"), true},
      {"schedule=sgdr(first_period_epochs=10)", TextValue("sgdr(first_period_epochs=10)"), true},
      {"schedule=sgdr(first_period_epochs=5)", TextValue("sgdr(first_period_epochs=10)"), false},
      {"schedule!=sgdr", TextValue("sgdr(first_period_epochs=10)"), false},
      {"schedule!=sgdr", TextValue("cosine"), true},
  };
  for (const Case& c : cases) {
    const auto condition = ParseCondition(c.condition, kPaths);
    ASSERT_TRUE(condition.ok()) << condition.status();
    EXPECT_EQ(condition->HoldsOf(c.value), c.holds) << c.condition << " of " << c.value.ShortDebugString();
  }
}

TEST(ConditionTest, WhatIsNoConditionIsRefused) {
  for (const char* text :
       {"", "batch_size", "=32", "batch_size=", "batch_size<", "batch_size<full", "unknown=3", "batch_size!32"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseCondition(text, kPaths).status())) << text;
  }
}

}  // namespace
}  // namespace basin::server::statistics
