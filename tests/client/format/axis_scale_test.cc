#include "client/format/axis_scale.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::Le;
using ::testing::SizeIs;

TEST(AxisScaleTest, AnEvenOneEndsOnRoundNumbers) {
  const AxisScale scale = AxisScale::Around(0.713, 0.987, false);
  EXPECT_DOUBLE_EQ(scale.low(), 0.7);
  EXPECT_DOUBLE_EQ(scale.high(), 1.0);
  EXPECT_DOUBLE_EQ(scale.Fraction(0.85), 0.5);
  EXPECT_THAT(scale.Ticks(), ElementsAre(DoubleEq(0.7), DoubleEq(0.75), DoubleEq(0.8), DoubleEq(0.85), DoubleEq(0.9),
                                         DoubleEq(0.95), DoubleEq(1)));
}

TEST(AxisScaleTest, BeginsAtZeroWhereThatCostsLittleRoom) {
  EXPECT_EQ(AxisScale::Around(0.1, 2.3, false).low(), 0);
  EXPECT_GT(AxisScale::Around(2.1, 2.3, false).low(), 0);
  EXPECT_LT(AxisScale::Around(-0.1, 2.3, false).low(), 0);
}

TEST(AxisScaleTest, ALogarithmicOneHasADecadeInEqualSteps) {
  const AxisScale scale = AxisScale::Around(0.0123, 87, true);
  EXPECT_DOUBLE_EQ(scale.low(), 0.01);
  EXPECT_DOUBLE_EQ(scale.high(), 100);
  EXPECT_DOUBLE_EQ(scale.Fraction(1), 0.5);
  EXPECT_THAT(scale.Ticks(), ElementsAre(DoubleEq(0.01), DoubleEq(0.1), DoubleEq(1), DoubleEq(10), DoubleEq(100)));
  EXPECT_LT(scale.Fraction(0), -1) << "what has no logarithm lies below";
}

struct Range {
  double low, high;
  bool logarithmic;
};
class AnyAxisScaleTest : public ::testing::TestWithParam<Range> {};

TEST_P(AnyAxisScaleTest, HoldsTheRangeAndHasAFewTicksInIt) {
  const Range& range = GetParam();
  const AxisScale scale = AxisScale::Around(range.low, range.high, range.logarithmic);
  EXPECT_LT(scale.low(), scale.high());
  EXPECT_LE(scale.low(), range.low);
  EXPECT_GE(scale.high(), range.high);
  EXPECT_THAT(scale.Ticks(), SizeIs(::testing::AllOf(Ge(2), Le(13))));
  for (const double tick : scale.Ticks()) {
    EXPECT_GE(scale.Fraction(tick), -1e-6);
    EXPECT_LE(scale.Fraction(tick), 1 + 1e-6);
  }
}

INSTANTIATE_TEST_SUITE_P(Ranges, AnyAxisScaleTest,
                         ::testing::Values(Range{0, 0, false}, Range{5, 5, false}, Range{-3, -3, false},
                                           Range{-1e-9, 1e-9, false}, Range{1e300, 2e300, false}, Range{0, 1, false},
                                           Range{0.98765, 0.98766, false}, Range{1, 1, true}, Range{3, 3, true},
                                           Range{4, 4.5, true}, Range{0.05, 0.4, true}, Range{0.03, 4, true},
                                           Range{1e-30, 1e30, true}, Range{7e-4, 2e3, true}));

}  // namespace
}  // namespace basin::client::format
