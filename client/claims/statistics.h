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

// The mean with its interval by Student's t; nothing for fewer than two values, nor for equal ones, which say nothing
// of how far others may lie. REQUIRES: finite; 0 < alpha < 1.
std::optional<Estimate> MeanInterval(std::span<const double> values, double alpha);

// The mean of equal values that could have been anything from -1 to 1, as differences of shares: by the exact bound on
// how many others there may be of which none was seen (Clopper & Pearson 1934), at worst all at -1 or all at 1. Nothing
// where values differ or there are none. REQUIRES: from -1 to 1; 0 < alpha < 1.
std::optional<Estimate> UnanimousInterval(std::span<const double> values, double alpha);

// The statistic of all units, and of it the BCa interval (Efron 1987, bias-corrected and accelerated) over samples of
// as many units drawn with replacement, always the same samples. A sample without a finite statistic is left out;
// nothing when that is true of the units themselves or of half of the samples, or when there are too few units. Samples
// of a handful of units have few different combinations (10 of three, 126 of five) and vary less than chance does; at
// eight, two sides that do not differ are told apart in about 8% of cases at a nominal 5%.
inline constexpr size_t kBootstrapSamples = 10'000;
inline constexpr size_t kBootstrapUnits = 8;
std::optional<Estimate> Bootstrap(size_t units, const std::function<double(std::span<const size_t> sample)>& statistic,
                                  double alpha);

// Spearman's rank correlation; equal values share their mean rank. NaN when a side does not vary. REQUIRES: as many xs
// as ys.
double RankCorrelation(std::span<const double> xs, std::span<const double> ys);

}  // namespace basin::client::claims
