#include "worker/analysis/spectral_density.h"

#include <algorithm>
#include <cmath>

#include "proto/contract/portable_math/portable_math.h"
#include "worker/analysis/lanczos.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

std::vector<SpectralMass> SpectralQuadrature(SymmetricOperator& matrix, int probes, int steps, uint64_t seed) {
  std::vector<SpectralMass> masses;
  for (int k = 0; k < probes; ++k) {
    LanczosProcess process(
        matrix, NormalVector(matrix.size(), seed, RandomVector::kDensityProbe, static_cast<uint32_t>(k)), seed, false);
    for (int step = 0; step < steps && process.Step();) ++step;
    for (const LanczosProcess::RitzValue& ritz : process.RitzValues()) {
      masses.push_back({ritz.value, ritz.weight / probes});
    }
  }
  std::ranges::stable_sort(masses, {}, &SpectralMass::value);
  return masses;
}

std::vector<double> SmoothedDensity(std::span<const SpectralMass> masses, std::span<const double> places,
                                    double width) {
  constexpr double kInverseRootOfTwoPi = 0.39894228040143267794;
  std::vector<double> density;
  for (const double place : places) {
    double total = 0;
    for (const SpectralMass& mass : masses) {
      const double distance = (place - mass.value) / width;
      total += mass.weight * contract::PortableExp(-0.5 * distance * distance);
    }
    density.push_back(total * kInverseRootOfTwoPi / width);
  }
  return density;
}

DensityCurve CurveOf(std::span<const SpectralMass> masses, int points, double share) {
  DensityCurve curve;
  for (const SpectralMass& mass : masses) curve.mean += mass.weight * mass.value;
  for (const SpectralMass& mass : masses) {
    curve.deviation += mass.weight * (mass.value - curve.mean) * (mass.value - curve.mean);
  }
  curve.deviation = std::sqrt(curve.deviation);
  curve.least = masses.front().value;
  curve.greatest = masses.back().value;
  const double range = curve.greatest - curve.least;
  const double value = curve.greatest != 0 ? std::abs(curve.greatest) : 1;
  curve.width = share * (range > 0 ? range : value);
  for (const SpectralMass& mass : masses) {
    if (mass.value < -curve.width) curve.negative_share += mass.weight;
  }
  const double first = curve.least - 3 * curve.width;
  const double step = (range + 6 * curve.width) / (points - 1);
  for (int i = 0; i < points; ++i) curve.places.push_back(first + i * step);
  curve.density = SmoothedDensity(masses, curve.places, curve.width);
  return curve;
}

}  // namespace basin::worker::analysis
