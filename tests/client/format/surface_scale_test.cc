#include "client/format/surface_scale.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

SurfaceChart ChartOf(std::vector<double> zs, bool logarithmic = false) {
  return {.title = "t",
          .x_label = "alpha",
          .y_label = "beta",
          .z_label = "loss",
          .xs = {0, 1, 2},
          .ys = {0, 10},
          .zs = std::move(zs),
          .logarithmic_z = logarithmic};
}

TEST(SurfaceScaleTest, ReachesFromTheLeastToTheGreatestThatIsShown) {
  const SurfaceScale scale(ChartOf({kNan, 2, 5, -1, kInfinity, 1e301}));
  EXPECT_EQ(scale.low(), -1);
  EXPECT_EQ(scale.high(), 5);
  EXPECT_EQ(scale.gaps(), 3u);
  EXPECT_GT(scale.levels().front(), -1);
  EXPECT_LT(scale.levels().back(), 5);
}

TEST(SurfaceScaleTest, SurfacesWithTheSameEndsHaveTheSameLevels) {
  SurfaceChart low = ChartOf({0, 1, 2, 0, 1, 2}), high = ChartOf({3, 4, 10, 3, 4, 10});
  EXPECT_NE(SurfaceScale(low).levels(), SurfaceScale(high).levels());
  for (SurfaceChart* chart : {&low, &high}) chart->least_z = 0, chart->greatest_z = 10;
  EXPECT_EQ(SurfaceScale(low).levels(), SurfaceScale(high).levels());
  EXPECT_EQ(SurfaceScale(low).high(), 2);
  EXPECT_EQ(SurfaceScale(low).Color(3), SurfaceScale(high).Color(3));
}

TEST(SurfaceScaleTest, OnLogarithmsWhatIsNotPositiveIsAGap) {
  const SurfaceScale scale(ChartOf({0, -1, 0.1, 100, 1, 1}, true));
  EXPECT_EQ(scale.gaps(), 2u);
  EXPECT_EQ(scale.Height(100), 2);
  EXPECT_TRUE(std::isnan(scale.Height(0)));
}

TEST(SurfaceScaleTest, BelowItsFloorASurfaceOnLogarithmsIsFlat) {
  SurfaceChart chart = ChartOf({0, -1, 0.1, 100, 1, kNan}, true);
  chart.floor_z = 0.1;
  const SurfaceScale scale(chart);
  EXPECT_EQ(scale.gaps(), 1u);
  EXPECT_EQ(scale.Height(0), scale.Height(0.1));
  EXPECT_EQ(scale.Height(100), 2);
  EXPECT_EQ(scale.low(), -1) << "said as it is";
  EXPECT_GT(scale.levels().front(), 0.1);
  EXPECT_LT(scale.Place(0), 0);
  EXPECT_THAT(scale.Ticks(), ::testing::Each(::testing::Gt(0.1)));
}

TEST(SurfaceScaleTest, APlaceCountsTheLevelsBelow) {
  const SurfaceScale scale(ChartOf({0, 0, 0, 10, 10, 10}));
  ASSERT_GE(scale.levels().size(), 5u);
  EXPECT_EQ(scale.Place(scale.levels()[0]), 0);
  EXPECT_EQ(scale.Place(scale.levels()[3]), 3);
  EXPECT_NEAR(scale.Place((scale.levels()[3] + scale.levels()[4]) / 2), 3.5, 1e-12);
  EXPECT_NEAR(scale.Place(0), -1, 1e-12);
}

TEST(SurfaceScaleTest, HeightsBetweenPointsAreInterpolated) {
  const SurfaceScale scale(ChartOf({0, 1, 2, 10, 11, 30}));
  EXPECT_EQ(scale.HeightAt(0.5, 5), 5.5);
  EXPECT_EQ(scale.HeightAt(2, 10), 30);
  EXPECT_TRUE(std::isnan(scale.HeightAt(2.1, 5))) << "outside";
  EXPECT_TRUE(std::isnan(SurfaceScale(ChartOf({0, kNan, 2, 10, 11, 30})).HeightAt(0.5, 5))) << "beside a gap";
}

TEST(SurfaceScaleTest, ColorsGoFromDarkToBright) {
  const SurfaceScale scale(ChartOf({0, 0, 0, 10, 10, 10}));
  EXPECT_EQ(scale.Color(0), "#440154");
  EXPECT_EQ(scale.Color(scale.levels().size()), "#fde725");
}

TEST(SurfaceScaleTest, LabelsOfNarrowRangesDiffer) {
  const SurfaceScale scale(ChartOf({2.3025850, 2.3025851, 2.3025852, 2.3025853, 2.3025854, 2.3025855}));
  ASSERT_GE(scale.levels().size(), 2u);
  EXPECT_NE(scale.Label(scale.levels()[0]), scale.Label(scale.levels()[1]));
}

TEST(SurfaceScaleTest, OneValueHasNoLevelsAndIsSaidOnce) {
  const SurfaceChart chart = ChartOf({3, 3, 3, 3, 3, 3});
  const SurfaceScale scale(chart);
  EXPECT_THAT(scale.levels(), IsEmpty());
  EXPECT_THAT(scale.Ticks(), ElementsAre(3));
  EXPECT_THAT(scale.Summary(chart), ElementsAre("All values shown are 3."));
}

TEST(SurfaceScaleTest, TheSummaryTellsWhereTheEndsAreAndWhatIsMissing) {
  const SurfaceChart chart = ChartOf({4, 2, 5, 7, kNan, 6});
  EXPECT_THAT(SurfaceScale(chart).Summary(chart),
              ElementsAre("Lowest 2 at alpha 1, beta 0.", "Highest 7 at alpha 0, beta 10.",
                          "1 of 6 values are missing, not finite or too large."));
}

}  // namespace
}  // namespace basin::client::format
