#include "worker/analysis/critical_point.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace basin::worker::analysis {

std::string CriticalPoint::Sentence() const {
  const std::string numbers =
      absl::StrFormat("gradient norm %.3g, eigenvalues from %.3g to %.3g", gradient_norm, lowest, highest);
  switch (kind) {
    case Kind::kMinimum:
      return "minimum: " + numbers;
    case Kind::kSaddle:
      return absl::StrFormat("saddle with %d or more negative eigenvalues: %s", negative, numbers);
    case Kind::kPlateau:
      return "plateau: " + numbers;
    case Kind::kNotStationary:
      return "not a critical point: " + numbers;
    case Kind::kUndecided:
      break;
  }
  return "undecided, for the eigenvalues have not converged: " + numbers;
}

CriticalPoint JudgeCriticalPoint(double gradient_norm, const Spectrum& spectrum,
                                 const CriticalPointTolerances& tolerances) {
  const Eigenvalue& lowest = spectrum.lowest.front();
  const Eigenvalue& highest = spectrum.highest.front();
  CriticalPoint point{.kind = CriticalPoint::Kind::kMinimum,
                      .gradient_norm = gradient_norm,
                      .lowest = lowest.value,
                      .highest = highest.value,
                      .negative = spectrum.CountBelow(-tolerances.curvature)};
  if (!(gradient_norm <= tolerances.gradient)) {
    point.kind = CriticalPoint::Kind::kNotStationary;
  } else if (point.negative > 0) {
    // Even where it has not converged: the vector that belongs to it has this curvature.
    point.kind = CriticalPoint::Kind::kSaddle;
  } else if (!lowest.converged || !highest.converged) {
    point.kind = CriticalPoint::Kind::kUndecided;
  } else if (highest.value <= tolerances.curvature) {
    point.kind = CriticalPoint::Kind::kPlateau;
  }
  return point;
}

}  // namespace basin::worker::analysis
