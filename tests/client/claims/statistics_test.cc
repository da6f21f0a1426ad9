#include "client/claims/statistics.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::claims {
namespace {

double MeanOf(std::span<const double> values, std::span<const size_t> sample) {
  double sum = 0;
  for (const size_t i : sample) sum += values[i];
  return sum / static_cast<double>(sample.size());
}

// By tables: t of 4 degrees of freedom is 2.776445 at 0.975 and 4.604095 at 0.995; the standard error is sqrt(0.5).
TEST(MeanIntervalTest, IsByStudentsTAtItsConfidence) {
  const std::vector<double> values = {1, 2, 3, 4, 5};
  const std::optional<Estimate> ordinary = MeanInterval(values, 0.05), wide = MeanInterval(values, 0.01);
  ASSERT_TRUE(ordinary && wide);
  EXPECT_DOUBLE_EQ(ordinary->value, 3);
  EXPECT_NEAR(ordinary->low, 3 - 2.776445 * std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(ordinary->high, 3 + 2.776445 * std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(wide->high, 3 + 4.604095 * std::sqrt(0.5), 1e-6);
}

TEST(MeanIntervalTest, OneValueHasNone) { EXPECT_FALSE(MeanInterval(std::vector<double>{1}, 0.05)); }

// scipy.stats.spearmanr([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]), with a tie.
TEST(RankCorrelationTest, IsSpearmans) {
  EXPECT_NEAR(RankCorrelation(std::vector<double>{1, 2, 3, 4, 5}, std::vector<double>{5, 6, 7, 8, 7}), 0.82078268,
              1e-8);
}

TEST(RankCorrelationTest, IsOfRanksNotOfValues) {
  EXPECT_DOUBLE_EQ(RankCorrelation(std::vector<double>{1, 2, 3}, std::vector<double>{1, 10, 1e9}), 1);
  EXPECT_DOUBLE_EQ(RankCorrelation(std::vector<double>{1, 2, 3}, std::vector<double>{1e9, 10, 1}), -1);
}

TEST(RankCorrelationTest, OfEqualValuesIsNone) {
  EXPECT_TRUE(std::isnan(RankCorrelation(std::vector<double>{1, 1, 1}, std::vector<double>{1, 2, 3})));
}

// Of a mean the percentiles are those of a normal distribution with the standard error, sqrt((n^2 - 1) / 12 / n).
TEST(BootstrapTest, IntervalOfAMeanIsThatOfItsStandardError) {
  std::vector<double> values(60);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const auto mean = [&](std::span<const size_t> sample) { return MeanOf(values, sample); };
  const double error = std::sqrt((3600.0 - 1) / 12 / 60);
  for (const auto& [alpha, quantile] : {std::pair(0.05, 1.959964), {0.005, 2.807034}}) {
    const std::optional<Estimate> estimate = Bootstrap(values.size(), mean, alpha);
    ASSERT_TRUE(estimate);
    EXPECT_DOUBLE_EQ(estimate->value, 29.5);
    EXPECT_NEAR(estimate->high - 29.5, quantile * error, 0.05 * quantile * error);
    EXPECT_NEAR(29.5 - estimate->low, quantile * error, 0.05 * quantile * error);
  }
}

TEST(BootstrapTest, IsTheSameEachTime) {
  const std::vector<double> values = {3, 1, 4, 1, 5};
  const auto mean = [&](std::span<const size_t> sample) { return MeanOf(values, sample); };
  EXPECT_EQ(Bootstrap(5, mean, 0.05)->low, Bootstrap(5, mean, 0.05)->low);
}

TEST(BootstrapTest, HasNoIntervalWithoutAFiniteStatistic) {
  EXPECT_FALSE(Bootstrap(
      5, [](std::span<const size_t>) { return std::nan(""); }, 0.05));
  EXPECT_FALSE(Bootstrap(
      2, [](std::span<const size_t>) { return 1; }, 0.05));
}

TEST(BootstrapTest, SamplesWithoutAStatisticAreLeftOut) {
  // Of three units, a ninth of the samples are one unit thrice.
  const std::vector<double> values = {1, 2, 3};
  const auto spread = [&](std::span<const size_t> sample) {
    const bool same = sample[0] == sample[1] && sample[1] == sample[2];
    return same ? std::nan("") : MeanOf(values, sample);
  };
  const std::optional<Estimate> estimate = Bootstrap(3, spread, 0.05);
  ASSERT_TRUE(estimate);
  EXPECT_GT(estimate->low, 1);
  EXPECT_LT(estimate->high, 3);
}

}  // namespace
}  // namespace basin::client::claims
