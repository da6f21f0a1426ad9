#pragma once

#include <cstdint>
#include <span>

#include "worker/analysis/loss_function.h"
#include "worker/analysis/vectors.h"
#include "worker/train/parameter_tensor.h"

namespace basin::worker::analysis {

// Three measures of how fast a loss rises around some weights w. They compare networks of the same shape, on the same
// examples.

// Keskar et al. (2017): 100 * (max of f(w + z) - f(w)) / (1 + f(w)) over the box |z_i| <= epsilon * (|w_i| + 1). The
// maximum is looked for by `steps` steps of projected ascent along the gradient's signs, from the middle of the box and
// through half of it in two steps; what is found is a lower bound. REQUIRES: epsilon above 0, a step or more.
double EpsilonSharpness(LossFunction& loss, std::span<const float> params, double epsilon, int steps);

// Foret et al. (2021): f(w + rho * g / |g|) - f(w), the rise within the distance rho to first order. 0 where the
// gradient is.
double AscentSharpness(LossFunction& loss, std::span<const float> params, double rho);

// The mean rise f(w + sigma * d) - f(w) over filter-normalized random directions d (see directions.h). REQUIRES: two
// draws or more.
Estimate AverageSharpness(LossFunction& loss, std::span<const train::ParameterTensor> tensors,
                          std::span<const float> params, double sigma, int draws, uint64_t seed);

}  // namespace basin::worker::analysis
