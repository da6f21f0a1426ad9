#include "proto/contract/field_path.h"

#include "gmock/gmock.h"
#include "proto/contract/value.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

using ::testing::HasSubstr;

FieldPath Path(const std::string& text) {
  auto path = ParseFieldPath(v1::Workload::descriptor(), text);
  EXPECT_TRUE(path.ok()) << path.status();
  return *path;
}

TEST(FieldPathTest, FindsFieldsAndElements) {
  EXPECT_TRUE(Path("train.learning_rate").is_scalar());
  EXPECT_TRUE(Path("train.model.mlp.hidden[3]").is_scalar());
  EXPECT_FALSE(Path("train.model.mlp.hidden").is_scalar());
  EXPECT_FALSE(Path("train.schedule").is_scalar());
  EXPECT_EQ(Path("train.model.mlp.hidden[3]").ToString(), "train.model.mlp.hidden[3]");
}

TEST(FieldPathTest, RefusesPathsThatNameNothing) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "names no field ''"},
      {"trian", "(did you mean 'train'?)"},
      {"train.learning_rat", "names no field 'learning_rat' in train (did you mean 'learning_rate'?)"},
      {"train..epochs", "names no field ''"},
      {"train.epochs[0]", "which is no list"},
      {"train.epochs.x", "goes on below train.epochs"},
      {"train.model.mlp.hidden[", "malformed"},
      {"train.model.mlp.hidden[]", "malformed"},
      {"train.model.mlp.hidden[x]", "malformed"},
      {"train.model.mlp.hidden[99999999999]", "malformed"},
      {"train.model.mlp.hidden[0]0", "malformed"},
  };
  for (const auto& [path, message] : cases) {
    const auto result = ParseFieldPath(v1::Workload::descriptor(), path);
    ASSERT_FALSE(result.ok()) << path;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(message));
  }
}

TEST(FieldPathTest, RefusesAnEndlessPath) {
  std::string path = "train.schedule";
  for (int i = 0; i < 40; ++i) path += ".warmup.then";
  EXPECT_FALSE(ParseFieldPath(v1::Workload::descriptor(), path).ok());
}

TEST(SetScalarTest, WhatWasSetIsRead) {
  v1::Workload workload;
  const std::pair<const char*, v1::Value> cases[] = {
      {"train.batch_size", TextValue("full")},     {"train.learning_rate", RealValue(0.1)},
      {"train.drop_last", BoolValue(true)},        {"train.model.mlp.activation", TextValue("tanh")},
      {"train.dataset.name", TextValue("digits")}, {"train.model.mlp.hidden[0]", IntValue(32)},
      {"train.model.mlp.hidden[1]", IntValue(16)}, {"train.steps", IntValue(1000000000000)},
  };
  for (const auto& [path, value] : cases) {
    ASSERT_TRUE(SetScalar(Path(path), value, &workload).ok()) << path;
    EXPECT_EQ(FormatValue(GetScalar(Path(path), workload)), FormatValue(value));
  }
}

TEST(SetScalarTest, ElementBeyondTheEndIsRefused) {
  v1::Workload workload;
  EXPECT_FALSE(SetScalar(Path("train.model.mlp.hidden[1]"), IntValue(1), &workload).ok());
}

TEST(ClearFieldTest, RemovesAnElementAndAField) {
  v1::Workload workload = Parse<v1::Workload>("train { epochs: 3 model { mlp { hidden: [ 1, 2, 3 ] } } }");
  ClearField(Path("train.model.mlp.hidden[0]"), &workload);
  EXPECT_EQ(DescribeField(Path("train.model.mlp.hidden"), workload), "[2, 3]");
  ClearField(Path("train.model"), &workload);
  EXPECT_FALSE(workload.train().has_model());
  ClearField(Path("train.schedule.cosine.min_factor"), &workload);
  EXPECT_FALSE(workload.train().has_schedule());
}

TEST(DescribeFieldTest, IsWhatAUserWouldWrite) {
  const std::pair<const char*, const char*> cases[] = {
      {"cosine {}", "cosine"},
      {"sgdr { first_period_epochs: 10 period_factor: 1 }", "sgdr(first_period_epochs=10, period_factor=1)"},
      {"exponential { gamma: 0.9 smooth: true }", "exponential(gamma=0.9, smooth=true)"},
      {"warmup { steps: 5 then { cosine { min_factor: 0.1 } } }", "warmup(steps=5, then=cosine(min_factor=0.1))"},
  };
  for (const auto& [schedule, text] : cases) {
    const auto workload = Parse<v1::Workload>(std::string("train { schedule { ") + schedule + " } }");
    EXPECT_EQ(DescribeField(Path("train.schedule"), workload), text);
  }
  const auto workload = Parse<v1::Workload>(
      "train { dataset { name: 'digits' } model { mlp { hidden: [64, 32] activation: ACTIVATION_TANH } "
      "initialization: INITIALIZATION_GLOROT } batch_size: 4294967295 }");
  EXPECT_EQ(DescribeField(Path("train.model"), workload),
            "mlp(hidden=[64, 32], activation=tanh, initialization=glorot)");
  EXPECT_EQ(DescribeField(Path("train.model.mlp.hidden"), workload), "[64, 32]");
  EXPECT_EQ(DescribeField(Path("train.dataset"), workload), "name=digits");
  EXPECT_EQ(DescribeField(Path("train.batch_size"), workload), "full");
}

TEST(FormatNumberTest, IsTheShortestTextThatReadsBack) {
  const std::pair<double, const char*> cases[] = {
      {0.1, "0.1"},    {1, "1"},        {100000, "100000"}, {1e6, "1000000"}, {1e-4, "0.0001"},
      {1e-5, "1e-05"}, {1e16, "1e+16"}, {-2.5, "-2.5"},     {0, "0"},         {1.0 / 3, "0.3333333333333333"},
  };
  for (const auto& [number, text] : cases) EXPECT_EQ(FormatNumber(number), text);
}

TEST(NearestNameTest, FindsTheLeastDistanceAndNothingFar) {
  EXPECT_EQ(NearestName("lerning_rate", {"batch_size", "learning_rate"}), "learning_rate");
  EXPECT_EQ(NearestName("bacth", {"batch", "epochs"}), "batch");
  EXPECT_EQ(NearestName("zzz", {"batch", "epochs"}), "");
  EXPECT_EQ(NearestName("", {"a"}), "");
}

}  // namespace
}  // namespace basin::contract
