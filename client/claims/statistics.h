#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace basin::client::claims {

// An estimate and its interval, whose confidence is 1 - `alpha`.
struct Estimate {
  double value = 0, low = 0, high = 0;
};

// The mean with its interval by Student's t; nothing for fewer than two values. REQUIRES: finite; 0 < alpha < 1.
std::optional<Estimate> MeanInterval(std::span<const double> values, double alpha);

// The statistic of all units, and of it the percentile interval over samples of as many units drawn with replacement
// (Efron 1979), always the same samples. A sample without a finite statistic is left out; nothing when that is true of
// the units themselves or of half of the samples, or when there are fewer than three units.
inline constexpr size_t kBootstrapSamples = 10'000;
std::optional<Estimate> Bootstrap(size_t units, const std::function<double(std::span<const size_t> sample)>& statistic,
                                  double alpha);

// Spearman's rank correlation; equal values share their mean rank. NaN when a side does not vary. REQUIRES: as many xs
// as ys.
double RankCorrelation(std::span<const double> xs, std::span<const double> ys);

}  // namespace basin::client::claims
