#include "proto/contract/check_value.h"

#include <limits>

#include "gmock/gmock.h"
#include "proto/contract/value.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

using ::testing::HasSubstr;

FieldPath Path(const std::string& text) { return *ParseFieldPath(v1::Workload::descriptor(), text); }

TEST(CheckValueTest, ReturnsTheFieldsOwnForm) {
  EXPECT_EQ(CheckValue(Path("train.learning_rate"), IntValue(1))->double_value(), 1.0);
  EXPECT_EQ(CheckValue(Path("train.batch_size"), RealValue(32))->int_value(), 32);
  EXPECT_EQ(CheckValue(Path("train.batch_size"), TextValue("full"))->string_value(), "full");
  EXPECT_EQ(CheckValue(Path("train.batch_size"), IntValue(4294967295))->string_value(), "full");
  EXPECT_EQ(CheckValue(Path("train.model.mlp.activation"), TextValue("ACTIVATION_TANH"))->string_value(), "tanh");
  EXPECT_TRUE(CheckValue(Path("train.drop_last"), BoolValue(true))->bool_value());
}

TEST(CheckValueTest, SaysWhatWasExpected) {
  const struct {
    const char* path;
    v1::Value value;
    const char* message;
  } cases[] = {
      {"train.batch_size", IntValue(0), "must be at least 1, is 0"},
      {"train.batch_size", IntValue(-1), "must be at least 1, is -1"},
      {"train.batch_size", IntValue(4294967296), "must be at most 4294967295, is 4294967296"},
      {"train.batch_size", RealValue(1.5), "must be a whole number or 'full', is 1.5"},
      {"train.batch_size", TextValue("ful"), "must be a whole number or 'full', is 'ful' (did you mean 'full'?)"},
      {"train.learning_rate", TextValue("fast"), "must be a number, is 'fast'"},
      {"train.learning_rate", RealValue(0), "must be above 0, is 0"},
      {"train.learning_rate", RealValue(std::numeric_limits<double>::infinity()), "must be a finite number, is inf"},
      {"train.drop_last", IntValue(1), "must be true or false, is 1"},
      {"train.model.mlp.activation", TextValue("rleu"),
       "must be one of relu, tanh, gelu, is 'rleu' (did you mean 'relu'?)"},
      {"train.model.mlp.activation", TextValue("unspecified"), "must be one of relu, tanh, gelu"},
      {"train.dataset.name", TextValue("a/b"), "must be a name"},
      {"train.dataset.name", IntValue(3), "must be text, is 3"},
      {"train.schedule", IntValue(3), "must be a message or list"},
      {"train.epochs", v1::Value(), "must be a whole number, is nothing"},
  };
  for (const auto& test : cases) {
    const auto result = CheckValue(Path(test.path), test.value);
    ASSERT_FALSE(result.ok()) << test.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(test.message));
  }
}

}  // namespace
}  // namespace basin::contract
