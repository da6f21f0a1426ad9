#include "proto/contract/aggregate.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace basin::contract {
namespace {

TEST(AggregateTest, FiveValues) {
  // By hand: the mean is 3, the squares add up to 10, t(0.975, 4) = 2.7764451051977987.
  const Aggregate a = Summarize(std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_EQ(a.n, 5u);
  EXPECT_DOUBLE_EQ(*a.mean, 3);
  EXPECT_DOUBLE_EQ(*a.std, std::sqrt(2.5));
  EXPECT_NEAR(*a.ci_low, 3 - 2.7764451051977987 * std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(*a.ci_high, 3 + 2.7764451051977987 * std::sqrt(0.5), 1e-12);
}

TEST(AggregateTest, NothingHasNoMean) {
  const Aggregate a = Summarize({});
  EXPECT_EQ(a.n, 0u);
  EXPECT_FALSE(a.mean || a.std || a.ci_low || a.ci_high);
}

TEST(AggregateTest, OneValueHasNoSpread) {
  const Aggregate a = Summarize(std::vector<double>{7});
  EXPECT_EQ(a.n, 1u);
  EXPECT_EQ(*a.mean, 7);
  EXPECT_FALSE(a.std || a.ci_low || a.ci_high);
}

TEST(AggregateTest, ValuesThatAreNotFiniteAreLeftOut) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Aggregate a = Summarize(std::vector<double>{1, std::nan(""), kInfinity, 3, -kInfinity});
  EXPECT_EQ(a.n, 2u);
  EXPECT_EQ(*a.mean, 2);
}

TEST(AggregateTest, EqualValuesHaveNoSpreadAndNoInterval) {
  for (const double value : {0.1, 1e300, -1e-300, 0.0}) {
    const Aggregate a = Summarize(std::vector<double>(7, value));
    EXPECT_EQ(*a.mean, value);
    EXPECT_EQ(*a.std, 0);
    EXPECT_FALSE(a.ci_low || a.ci_high);
  }
}

TEST(AggregateTest, LargeOffsetCostsNoDigits) {
  const Aggregate a = Summarize(std::vector<double>{1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16});
  EXPECT_DOUBLE_EQ(*a.mean, 1e9 + 10);
  EXPECT_DOUBLE_EQ(*a.std, std::sqrt(30));
}

TEST(AggregateTest, LargestValuesDoNotOverflow) {
  const Aggregate a = Summarize(std::vector<double>{1.7e308, 1.6e308});
  EXPECT_DOUBLE_EQ(*a.mean, 1.65e308);
  EXPECT_NEAR(*a.std / 1e307, std::sqrt(0.5), 1e-12);
  EXPECT_FALSE(a.ci_high.has_value());  // Beyond the range of double.
}

TEST(AggregateTest, SmallestValuesDoNotVanish) {
  const Aggregate a = Summarize(std::vector<double>{1e-300, 3e-300});
  EXPECT_NEAR(*a.std / std::sqrt(2e-300) / std::sqrt(1e-300), 1, 1e-12);
}

}  // namespace
}  // namespace basin::contract
