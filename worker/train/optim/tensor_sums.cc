#include "worker/train/optim/tensor_sums.h"

#include <cmath>

namespace basin::worker::train {

double SumOfSquares(const float* values, size_t count) {
  // Chains enough to hide the latency of an addition.
  constexpr size_t kLanes = 16;
  double sums[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const auto value = static_cast<double>(values[i + lane]);
      sums[lane] = std::fma(value, value, sums[lane]);
    }
  }
  for (size_t lane = 0; i + lane < count; ++lane) {
    const auto value = static_cast<double>(values[i + lane]);
    sums[lane] = std::fma(value, value, sums[lane]);
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace basin::worker::train
