#include "client/cli/point_comparison.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/client/cli/sweep_fixture.h"

namespace basin::client::cli {
namespace {

using Points = std::vector<v1::TrialPoint>;
using tests::Point;

// In pages of two.
api::Pager<v1::TrialPoint> Pages(Points points) {
  return api::Pager<v1::TrialPoint>(
      [points = std::move(points)](const std::string& token) -> absl::StatusOr<api::Pager<v1::TrialPoint>::Page> {
        const size_t begin = token.empty() ? 0 : std::stoul(token);
        const size_t end = std::min(points.size(), begin + 2);
        api::Pager<v1::TrialPoint>::Page page;
        page.items.assign(points.begin() + static_cast<ptrdiff_t>(begin), points.begin() + static_cast<ptrdiff_t>(end));
        if (end < points.size()) page.next_page_token = std::to_string(end);
        return page;
      });
}

PointComparison Compare(Points first, Points again) {
  const absl::StatusOr<PointComparison> comparison = ComparePoints(Pages(std::move(first)), Pages(std::move(again)));
  EXPECT_TRUE(comparison.ok()) << comparison.status();
  return *comparison;
}

const Points kCurve = {Point(0, "train_loss", 10, 2), Point(0, "val_loss", 10, 0.5), Point(0, "train_loss", 20, 1),
                       Point(0, "val_loss", 20, 0.25)};

TEST(PointComparisonTest, EqualCurvesAreCountedByMetric) {
  const PointComparison comparison = Compare(kCurve, kCurve);
  EXPECT_EQ(comparison.first_different, "");
  EXPECT_EQ(comparison.metrics.size(), 2u);
  EXPECT_EQ(comparison.metrics.at("val_loss").points, 2u);
  EXPECT_FALSE(comparison.metrics.at("val_loss").difference);
}

TEST(PointComparisonTest, TheLastBitOfAValueCounts) {
  Points again = kCurve;
  again[2].mutable_point()->set_value(std::nextafter(1.0, 2.0));
  const PointComparison comparison = Compare(kCurve, again);
  EXPECT_EQ(comparison.first_different, "train_loss");
  const PointDifference difference = *comparison.metrics.at("train_loss").difference;
  EXPECT_EQ(difference.first->step(), 20u);
  EXPECT_EQ(difference.first->value(), 1.0);
  EXPECT_EQ(difference.again->value(), std::nextafter(1.0, 2.0));
  EXPECT_FALSE(comparison.metrics.at("val_loss").difference);
  EXPECT_EQ(comparison.metrics.at("val_loss").points, 2u);
}

TEST(PointComparisonTest, ZerosOfTwoSignsDifferAndNansDoNot) {
  EXPECT_EQ(Compare({Point(0, "a", 1, 0.0)}, {Point(0, "a", 1, -0.0)}).first_different, "a");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Compare({Point(0, "a", 1, nan)}, {Point(0, "a", 1, -nan)}).first_different, "");
  EXPECT_EQ(Compare({Point(0, "a", 1, nan)}, {Point(0, "a", 1, 1)}).first_different, "a");
}

TEST(PointComparisonTest, TheFirstOfSeveralDifferencesIsTold) {
  Points again = kCurve;
  again[1].mutable_point()->set_value(3);
  again[3].mutable_point()->set_value(4);
  again[2].mutable_point()->set_value(5);
  const PointComparison comparison = Compare(kCurve, again);
  EXPECT_EQ(comparison.first_different, "val_loss");
  EXPECT_EQ(comparison.metrics.at("val_loss").difference->first->step(), 10u);
}

TEST(PointComparisonTest, AMissingPointIsADifference) {
  const PointComparison shorter = Compare(kCurve, {kCurve[0], kCurve[1], kCurve[2]});
  EXPECT_EQ(shorter.first_different, "val_loss");
  EXPECT_FALSE(shorter.metrics.at("val_loss").difference->again);
  const PointComparison longer = Compare({kCurve[0]}, {kCurve[0], kCurve[1]});
  EXPECT_EQ(longer.first_different, "val_loss");
  EXPECT_FALSE(longer.metrics.at("val_loss").difference->first);
  const PointComparison gap = Compare(kCurve, {kCurve[0], kCurve[2], kCurve[3]});
  EXPECT_EQ(gap.first_different, "val_loss");
  EXPECT_FALSE(gap.metrics.at("val_loss").difference->again);
}

TEST(PointComparisonTest, EpochsAndExamplesCount) {
  Points again = kCurve;
  again[0].mutable_point()->set_examples(1);
  EXPECT_EQ(Compare(kCurve, again).first_different, "train_loss");
  again = kCurve;
  again[1].mutable_point()->set_epoch(0.5);
  EXPECT_EQ(Compare(kCurve, again).first_different, "val_loss");
}

TEST(PointComparisonTest, TimesAreLeftOut) {
  Points first = kCurve, again = kCurve;
  first.insert(first.begin() + 1, Point(0, "seconds_to_target", 10, 1.5));
  again.push_back(Point(0, "seconds_to_target", 20, 9));
  const PointComparison comparison = Compare(first, again);
  EXPECT_EQ(comparison.first_different, "");
  EXPECT_FALSE(comparison.metrics.contains("seconds_to_target"));
}

TEST(PointComparisonTest, AnErrorOnTheWayIsItsOwn) {
  const api::Pager<v1::TrialPoint> broken([](const std::string&) { return absl::UnavailableError("gone"); });
  EXPECT_TRUE(absl::IsUnavailable(ComparePoints(Pages(kCurve), broken).status()));
  EXPECT_TRUE(absl::IsUnavailable(ComparePoints(broken, Pages(kCurve)).status()));
}

}  // namespace
}  // namespace basin::client::cli
