#include "proto/contract/aggregate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "proto/contract/student_t.h"

namespace basin::contract {
namespace {

std::optional<double> IfFinite(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// Of 95% of the distribution, in the middle. Sweeps have few seeds and many configs: what costs microseconds is kept.
double TwoSidedQuantile(double degrees_of_freedom) {
  static const auto* const kept = [] {
    auto* quantiles = new std::array<double, 64>();
    for (size_t i = 1; i < quantiles->size(); ++i) {
      (*quantiles)[i] = StudentTQuantile(0.975, static_cast<double>(i));
    }
    return quantiles;
  }();
  const bool known = degrees_of_freedom < static_cast<double>(kept->size());
  return known ? (*kept)[static_cast<size_t>(degrees_of_freedom)] : StudentTQuantile(0.975, degrees_of_freedom);
}

}  // namespace

Aggregate Summarize(std::span<const double> values) {
  std::vector<double> finite;
  double largest = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    finite.push_back(value);
    largest = std::max(largest, std::abs(value));
  }
  Aggregate result;
  result.n = finite.size();
  if (finite.empty()) return result;
  const int scale = largest > 0 ? std::ilogb(largest) : 0;
  for (double& value : finite) value = std::scalbn(value, -scale);

  // The running mean is exact for equal values, which a sum is not.
  double mean = 0;
  double count = 0;
  for (const double value : finite) mean += (value - mean) / ++count;
  result.mean = IfFinite(std::scalbn(mean, scale));
  if (finite.size() < 2) return result;

  double squares = 0;
  double rest = 0;  // What rounding left in `mean`.
  for (const double value : finite) {
    squares += (value - mean) * (value - mean);
    rest += value - mean;
  }
  const double std = std::sqrt(std::max(0.0, squares - rest * rest / count) / (count - 1));
  if (std == 0) {
    result.std = 0;
    return result;
  }
  const double half_width = TwoSidedQuantile(count - 1) * std / std::sqrt(count);
  result.std = IfFinite(std::scalbn(std, scale));
  result.ci_low = IfFinite(std::scalbn(mean - half_width, scale));
  result.ci_high = IfFinite(std::scalbn(mean + half_width, scale));
  return result;
}

}  // namespace basin::contract
