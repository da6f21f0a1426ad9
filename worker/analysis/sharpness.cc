#include "worker/analysis/sharpness.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "worker/analysis/directions.h"

namespace basin::worker::analysis {

double EpsilonSharpness(LossFunction& loss, std::span<const float> params, double epsilon, int steps) {
  std::vector<float> at(params.begin(), params.end()), gradient(params.size());
  const double begin = loss.Gradient(at, gradient);
  double greatest = begin;
  // A step of a quarter of the box's width: two reach a face from the middle, and later ones can still turn back.
  constexpr double kStep = 0.5;
  for (int step = 0; step < steps; ++step) {
    for (size_t i = 0; i < at.size(); ++i) {
      const auto middle = static_cast<double>(params[i]), half = epsilon * (std::abs(middle) + 1);
      const double sign = gradient[i] > 0 ? 1 : gradient[i] < 0 ? -1 : 0;
      const double moved = static_cast<double>(at[i]) + kStep * half * sign;
      at[i] = static_cast<float>(std::clamp(moved, middle - half, middle + half));
    }
    greatest = std::max(greatest, loss.Gradient(at, gradient));
  }
  return 100 * (greatest - begin) / (1 + begin);
}

double AscentSharpness(LossFunction& loss, std::span<const float> params, double rho) {
  std::vector<float> gradient(params.size());
  const double begin = loss.Gradient(params, gradient), norm = Norm(gradient);
  if (norm == 0) return 0;
  return loss.Value(Sum(params, rho / norm, gradient)) - begin;
}

Estimate AverageSharpness(LossFunction& loss, std::span<const train::ParameterTensor> tensors,
                          std::span<const float> params, double sigma, int draws, uint64_t seed) {
  const double begin = loss.Value(params);
  std::vector<double> rises;
  for (int k = 0; k < draws; ++k) {
    std::vector<float> direction = NormalVector(params.size(), seed, RandomVector::kNoise, static_cast<uint32_t>(k));
    NormalizeFilters(tensors, params, direction);
    rises.push_back(loss.Value(Sum(params, sigma, direction)) - begin);
  }
  return EstimateOf(rises);
}

}  // namespace basin::worker::analysis
