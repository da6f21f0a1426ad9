#include "client/claims/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "proto/contract/aggregate.h"
#include "proto/contract/random/philox.h"
#include "proto/contract/student_t.h"

namespace basin::client::claims {
namespace {

std::vector<double> Ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

// The value below which `part` of the sorted values lie, linear between two.
double Quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

// One of `count`, the same for the same sample and place. 32 bits: the bias is below count / 2^32.
size_t Draw(uint32_t sample, uint32_t place, size_t count) {
  const uint64_t word = contract::Philox4x32({sample, place / 4, 0, 0}, {0, 0})[place % 4];
  return word * count >> 32;
}

// The standard normal distribution: its quantile, that of a t distribution without end, and its probability.
double NormalQuantileAt(double probability) { return contract::StudentTQuantile(probability, 1e15); }
double NormalProbability(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

// How the statistic's error changes with its value: from the statistic without each unit (Efron 1987, 6.6). 0 where
// that is unknown.
double Acceleration(size_t units, const std::function<double(std::span<const size_t> sample)>& statistic) {
  std::vector<double> without;
  for (size_t left_out = 0; left_out < units; ++left_out) {
    std::vector<size_t> sample;
    for (size_t i = 0; i < units; ++i) {
      if (i != left_out) sample.push_back(i);
    }
    without.push_back(statistic(sample));
  }
  const double mean = std::accumulate(without.begin(), without.end(), 0.0) / static_cast<double>(units);
  double squares = 0, cubes = 0;
  for (const double value : without) {
    squares += (mean - value) * (mean - value);
    cubes += (mean - value) * (mean - value) * (mean - value);
  }
  const double acceleration = cubes / (6 * std::pow(squares, 1.5));
  return std::isfinite(acceleration) ? acceleration : 0;
}

}  // namespace

std::optional<Estimate> MeanInterval(std::span<const double> values, double alpha) {
  const contract::Aggregate all = contract::Summarize(values);
  if (!all.mean || !all.std || *all.std == 0) return std::nullopt;
  const auto n = static_cast<double>(all.n);
  const double half = contract::StudentTQuantile(1 - alpha / 2, n - 1) * *all.std / std::sqrt(n);
  return Estimate{*all.mean, *all.mean - half, *all.mean + half};
}

std::optional<Estimate> UnanimousInterval(std::span<const double> values, double alpha) {
  if (values.empty()) return std::nullopt;
  const double value = values.front();
  if (std::ranges::any_of(values, [=](double other) { return other != value; })) return std::nullopt;
  const double others = 1 - std::pow(alpha / 2, 1 / static_cast<double>(values.size()));
  return Estimate{value, value * (1 - others) - others, value * (1 - others) + others};
}

std::optional<Estimate> Bootstrap(size_t units, const std::function<double(std::span<const size_t> sample)>& statistic,
                                  double alpha) {
  if (units < kBootstrapUnits) return std::nullopt;
  std::vector<size_t> sample(units);
  std::iota(sample.begin(), sample.end(), size_t{0});
  const double value = statistic(sample);
  if (!std::isfinite(value)) return std::nullopt;
  std::vector<double> found;
  for (uint32_t i = 0; i < kBootstrapSamples; ++i) {
    for (uint32_t place = 0; place < units; ++place) sample[place] = Draw(i, place, units);
    const double drawn = statistic(sample);
    if (std::isfinite(drawn)) found.push_back(drawn);
  }
  if (found.size() < kBootstrapSamples / 2) return std::nullopt;
  std::sort(found.begin(), found.end());
  const auto below = static_cast<double>(std::lower_bound(found.begin(), found.end(), value) - found.begin());
  const auto up_to = static_cast<double>(std::upper_bound(found.begin(), found.end(), value) - found.begin());
  const double share = (below + up_to) / 2 / static_cast<double>(found.size());
  if (!(share > 0 && share < 1)) return std::nullopt;
  const double bias = NormalQuantileAt(share), acceleration = Acceleration(units, statistic);
  const auto end = [&](double probability) {
    const double z = bias + NormalQuantileAt(probability);
    const double stretch = 1 - acceleration * z;
    // So far out the correction is beyond all samples.
    if (!(stretch > 0)) return z > 0 ? found.back() : found.front();
    return Quantile(found, NormalProbability(bias + z / stretch));
  };
  return Estimate{value, end(alpha / 2), end(1 - alpha / 2)};
}

double RankCorrelation(std::span<const double> xs, std::span<const double> ys) {
  const std::vector<double> x = Ranks(xs), y = Ranks(ys);
  const double middle = (static_cast<double>(x.size()) - 1) / 2;
  double xx = 0, yy = 0, xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
    xy += (x[i] - middle) * (y[i] - middle);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace basin::client::claims
