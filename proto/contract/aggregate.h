#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace basin::contract {

// A few numbers in short. `mean` is absent without a value; the others, of which `std` is the sample's (n - 1), below
// two values, or where a result is beyond the range of double.
struct Aggregate {
  uint64_t n = 0;  // Finite values; others are left out.
  std::optional<double> mean;
  std::optional<double> std;
  // 95% confidence interval of the mean, by Student's t. Absent where all values are equal: they say nothing of how far
  // others may lie, and an interval without width would be a claim.
  std::optional<double> ci_low;
  std::optional<double> ci_high;
};

// In two passes, on values scaled by a power of two: large offsets cost no digits, large values do not overflow on the
// way, and equal values have the standard deviation 0.
Aggregate Summarize(std::span<const double> values);

}  // namespace basin::contract
