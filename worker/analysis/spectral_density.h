#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "worker/analysis/symmetric_operator.h"

namespace basin::worker::analysis {

// A share of a matrix's eigenvalues that lies, as far as is known, at one value.
struct SpectralMass {
  double value, weight;
};

// How the eigenvalues are distributed, by stochastic Lanczos quadrature (Ghorbani et al. 2019): the mean over random
// starts, standard normal, of the eigenvalues of `steps` Lanczos steps with their weights. Exact for polynomials of
// degree up to 2 * steps - 1, but for the randomness of the starts. Weights add up to 1; values ascend. Takes
// probes * steps products. REQUIRES: a probe and a step or more.
std::vector<SpectralMass> SpectralQuadrature(SymmetricOperator& matrix, int probes, int steps, uint64_t seed);

// The density at each of `places`: each mass spread out as a normal distribution of standard deviation `width`.
std::vector<double> SmoothedDensity(std::span<const SpectralMass> masses, std::span<const double> places, double width);

}  // namespace basin::worker::analysis
