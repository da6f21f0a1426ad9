#include "client/cli/learning_curve.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsNan;
using ::testing::SizeIs;

v1::MetricPoint At(uint64_t step, double value) {
  v1::MetricPoint point;
  point.set_step(step);
  point.set_epoch(static_cast<double>(step) / 10);
  point.set_value(value);
  return point;
}

TEST(LearningCurveTest, IsTheMeanOverTheSeedsWithItsInterval) {
  LearningCurve curve;
  curve.Add(0, At(10, 1));
  curve.Add(0, At(20, 0.5));
  curve.Add(3, At(10, 2));
  curve.Add(3, At(20, 0.75));
  const auto points = curve.Points();
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[0].step, 10u);
  EXPECT_EQ(points[0].epoch, 1);
  EXPECT_EQ(points[0].over_seeds.n, 2u);
  EXPECT_EQ(*points[0].over_seeds.mean, 1.5);
  // Half of t(0.975, 1) = 12.706204736.
  EXPECT_NEAR(*points[0].over_seeds.ci_high, 1.5 + 12.706204736 / 2, 1e-6);
  EXPECT_EQ(*points[1].over_seeds.mean, 0.625);
}

TEST(LearningCurveTest, TheBestEvaluationThatEarlyStoppingRepeatsCountsOnce) {
  LearningCurve curve;
  for (const uint64_t step : {10, 20, 30, 10}) curve.Add(0, At(step, 1));
  curve.Add(1, At(10, 3));
  const auto points = curve.Points();
  ASSERT_THAT(points, SizeIs(3));
  EXPECT_EQ(points[0].over_seeds.n, 2u);
  EXPECT_EQ(*points[0].over_seeds.mean, 2);
}

TEST(LearningCurveTest, ASeedThatEndedEarlyIsMissingFromThenOn) {
  LearningCurve curve;
  curve.Add(0, At(10, 1));
  curve.Add(0, At(20, 1));
  curve.Add(1, At(10, 2));
  EXPECT_EQ(curve.Points()[1].over_seeds.n, 1u);
  EXPECT_FALSE(curve.Points()[1].over_seeds.ci_low.has_value());
}

TEST(LearningCurveTest, TheLineEndsWhereTheFirstSeedDoes) {
  LearningCurve curve;
  for (const uint64_t step : {10, 20, 30, 40}) curve.Add(0, At(step, 1));
  for (const uint64_t step : {10, 20, 10}) curve.Add(1, At(step, 3));  // Its best evaluation, reported again.
  for (const uint64_t step : {10, 20, 25}) curve.Add(2, At(step, 5));  // Stopped inside an epoch.
  const auto points = ChartPoints(curve.Points(), 100);
  ASSERT_THAT(points, SizeIs(2));
  EXPECT_EQ(points[1].x, 2);
  EXPECT_EQ(points[1].y, 3);
  EXPECT_EQ(curve.Points().size(), 5u) << "rows have the others, with their number";
}

TEST(LearningCurveTest, WhatIsNotFiniteHasNoPlaceInAPicture) {
  LearningCurve curve;
  curve.Add(0, At(10, std::numeric_limits<double>::infinity()));
  curve.Add(0, At(20, 1));
  EXPECT_EQ(curve.Points()[0].over_seeds.n, 0u);
  const auto points = ChartPoints(curve.Points(), 100);
  ASSERT_THAT(points, SizeIs(1));
  EXPECT_EQ(points[0].x, 2);
}

TEST(ColumnsTest, EachHasTheLastValueInItsPartAndNothingAfterTheEnd) {
  const std::vector<format::ChartPoint> points = {{1, 10}, {2, 20}, {4, 40}, {5, 50}};
  EXPECT_THAT(Columns(points, 5, 5), ElementsAre(10, 20, 20, 40, 50));
  const std::vector<format::ChartPoint> ended = {{1, 10}, {2, 20}};
  EXPECT_THAT(Columns(ended, 6, 3), ElementsAre(20, IsNan(), IsNan()));
}

TEST(WantsLogarithmsTest, IsForALossOverTwoDecades) {
  const auto lines = [](double low, double high) {
    return std::vector<format::ChartLine>{{"a", {{1, high}}}, {"b", {{1, low}}}};
  };
  EXPECT_TRUE(WantsLogarithms("val_loss", lines(0.01, 2)));
  EXPECT_TRUE(WantsLogarithms("loss", lines(0.01, 2)));
  EXPECT_FALSE(WantsLogarithms("val_loss", lines(0.03, 2)));
  EXPECT_FALSE(WantsLogarithms("val_loss", lines(0, 2)));
  EXPECT_FALSE(WantsLogarithms("learning_rate", lines(0.001, 2)));
}

}  // namespace
}  // namespace basin::client::cli
