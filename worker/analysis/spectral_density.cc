#include "worker/analysis/spectral_density.h"

#include <algorithm>

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

}  // namespace basin::worker::analysis
