#include "client/cli/param_names.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::cli {
namespace {

using ::testing::ElementsAre;

TEST(ShortNamesTest, TakeAsMuchOfTheEndAsIsUnique) {
  EXPECT_THAT(ShortNames({"train.batch_size", "train.schedule", "train.schedule.cosine.min_factor",
                          "train.schedule.sgdr.min_factor"}),
              ElementsAre("batch_size", "schedule", "cosine.min_factor", "sgdr.min_factor"));
}

TEST(ShortNamesTest, APathThatEndsAnotherIsNotMistakenForIt) {
  EXPECT_THAT(ShortNames({"size", "batch.size", "train.batch_size"}), ElementsAre("size", "batch.size", "batch_size"));
}

TEST(ParamsTextTest, IsNameAndValue) {
  v1::Param batch, schedule;
  batch.set_path("train.batch_size");
  batch.mutable_value()->set_int_value(16);
  schedule.set_path("train.schedule");
  schedule.mutable_value()->set_string_value("cosine");
  EXPECT_EQ(ParamsText({batch, schedule}, {"train.batch_size", "train.schedule"}), "batch_size=16 schedule=cosine");
}

TEST(SplitListTest, CommasInBracketsDoNotPart) {
  EXPECT_THAT(SplitList("schedule=sgdr(a=1, b=2), mlp.hidden=[64,32],n>3"),
              ElementsAre("schedule=sgdr(a=1, b=2)", "mlp.hidden=[64,32]", "n>3"));
}

TEST(SplitListTest, EmptyPiecesAreDropped) { EXPECT_THAT(SplitList(" a,, b ,"), ElementsAre("a", "b")); }

}  // namespace
}  // namespace basin::client::cli
