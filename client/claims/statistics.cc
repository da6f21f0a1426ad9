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

}  // namespace

std::optional<Estimate> MeanInterval(std::span<const double> values, double alpha) {
  const contract::Aggregate all = contract::Summarize(values);
  if (!all.mean || !all.std) return std::nullopt;
  const auto n = static_cast<double>(all.n);
  const double half = contract::StudentTQuantile(1 - alpha / 2, n - 1) * *all.std / std::sqrt(n);
  return Estimate{*all.mean, *all.mean - half, *all.mean + half};
}

std::optional<Estimate> Bootstrap(size_t units, const std::function<double(std::span<const size_t> sample)>& statistic,
                                  double alpha) {
  if (units < 3) return std::nullopt;
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
  return Estimate{value, Quantile(found, alpha / 2), Quantile(found, 1 - alpha / 2)};
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
