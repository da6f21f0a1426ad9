#include "client/claims/statistics.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"

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

TEST(MeanIntervalTest, EqualValuesHaveNone) { EXPECT_FALSE(MeanInterval(std::vector<double>{1, 1, 1, 1, 1}, 0.05)); }

// By tables (Clopper & Pearson): of 100 without one, at most 3.6217% with 97.5% confidence; of 5, at most 52.18%.
TEST(UnanimousIntervalTest, LeavesRoomForWhatWasNotSeen) {
  const std::optional<Estimate> all = UnanimousInterval(std::vector<double>(100, 1), 0.05);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->value, 1);
  EXPECT_NEAR(all->low, 1 - 2 * 0.036217, 1e-6);
  EXPECT_NEAR(all->high, 1, 1e-12);
  const std::optional<Estimate> none = UnanimousInterval(std::vector<double>(5, 0), 0.05);
  EXPECT_NEAR(none->low, -0.52182, 1e-5);
  EXPECT_NEAR(none->high, 0.52182, 1e-5);
  EXPECT_FALSE(UnanimousInterval(std::vector<double>{1, 0}, 0.05));
}

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
  const std::vector<double> values = {3, 1, 4, 1, 5, 9, 2, 6};
  const auto mean = [&](std::span<const size_t> sample) { return MeanOf(values, sample); };
  EXPECT_EQ(Bootstrap(8, mean, 0.05)->low, Bootstrap(8, mean, 0.05)->low);
}

TEST(BootstrapTest, HasNoIntervalWithoutAFiniteStatistic) {
  EXPECT_FALSE(Bootstrap(
      10, [](std::span<const size_t>) { return std::nan(""); }, 0.05));
}

TEST(BootstrapTest, HasNoIntervalOfFewUnits) {
  const std::vector<double> values = {3, 1, 4, 1, 5, 9, 2, 6};
  const auto mean = [&](std::span<const size_t> sample) { return MeanOf(values, sample); };
  EXPECT_TRUE(Bootstrap(8, mean, 0.05));
  for (const size_t units : {2, 3, 5, 7}) EXPECT_FALSE(Bootstrap(units, mean, 0.05)) << units;
}

TEST(BootstrapTest, SamplesWithoutAStatisticAreLeftOut) {
  // Two thirds of the samples have the first of eight units.
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8};
  const auto with_first = [&](std::span<const size_t> sample) {
    const bool has = std::ranges::find(sample, size_t{0}) != sample.end();
    return has ? MeanOf(values, sample) : std::nan("");
  };
  const std::optional<Estimate> estimate = Bootstrap(8, with_first, 0.05);
  ASSERT_TRUE(estimate);
  EXPECT_GT(estimate->low, 1);
  EXPECT_LT(estimate->high, 8);
}

// Efron 1987: the interval of a variance reaches further up than down, by more than the samples' percentiles do.
TEST(BootstrapTest, IsCorrectedForBiasAndAcceleration) {
  const std::vector<double> values = {-2.1, -1.3, -0.9, -0.6, -0.4, -0.1, 0.1, 0.4, 0.6, 0.9, 1.3, 2.1};
  std::vector<double> samples;
  const auto variance = [&](std::span<const size_t> sample) {
    double squares = 0;
    for (const size_t i : sample)
      squares += (values[i] - MeanOf(values, sample)) * (values[i] - MeanOf(values, sample));
    samples.push_back(squares / static_cast<double>(sample.size()));
    return samples.back();
  };
  const std::optional<Estimate> estimate = Bootstrap(values.size(), variance, 0.05);
  ASSERT_TRUE(estimate);
  samples.resize(1 + kBootstrapSamples);
  std::sort(samples.begin() + 1, samples.end());
  EXPECT_GT(estimate->low, samples[1 + kBootstrapSamples / 40] * 1.1);
  EXPECT_GT(estimate->high, samples[1 + kBootstrapSamples - kBootstrapSamples / 40] * 1.1);
}

// Two sides that do not differ; at nominal 5%.
TEST(BootstrapTest, TellsTheSameApartLittleMoreOftenThanItSays) {
  contract::RandomStream random(1, contract::RandomPurpose::kSplit, 0);
  constexpr int kTrials = 300;
  int apart = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> a, b;
    for (size_t i = 0; i < kBootstrapUnits; ++i) a.push_back(random.NextNormal()), b.push_back(random.NextNormal());
    const auto correlation = [&](std::span<const size_t> sample) {
      std::vector<double> xs, ys;
      for (const size_t i : sample) xs.push_back(a[i]), ys.push_back(b[i]);
      return RankCorrelation(xs, ys);
    };
    const std::optional<Estimate> estimate = Bootstrap(kBootstrapUnits, correlation, 0.05);
    apart += estimate && (estimate->low > 0 || estimate->high < 0);
  }
  EXPECT_LT(apart, 0.12 * kTrials);
}

}  // namespace
}  // namespace basin::client::claims
