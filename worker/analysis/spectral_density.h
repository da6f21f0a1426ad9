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

// A density as a curve, and what sums it up.
struct DensityCurve {
  double mean = 0, deviation = 0;  // Of the masses; the standard deviation.
  double least = 0, greatest = 0;
  double width = 0;           // Of the smoothing.
  double negative_share = 0;  // The weight of the masses below -width.
  std::vector<double> places, density;
};

// At `points` places at equal distances, from three widths below the least mass to three above the greatest. The width
// is `share` of the masses' range; where that is zero, of the value itself. REQUIRES: a mass, two points or more.
DensityCurve CurveOf(std::span<const SpectralMass> masses, int points, double share);

}  // namespace basin::worker::analysis
