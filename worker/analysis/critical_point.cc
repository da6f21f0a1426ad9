#include "worker/analysis/critical_point.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace basin::worker::analysis {

std::string CriticalPoint::Sentence() const {
  const std::string numbers =
      absl::StrFormat("gradient norm %.3g, eigenvalues from %.3g to %.3g", gradient_norm, lowest.value, highest.value);
  switch (kind) {
    case Kind::kMinimum:
      return "minimum: " + numbers;
    case Kind::kSaddle:
      return absl::StrFormat("saddle with %d%s negative eigenvalue%s: %s", negative, negative_settled ? "" : " or more",
                             negative == 1 && negative_settled ? "" : "s", numbers);
    case Kind::kPlateau:
      return "plateau: " + numbers;
    case Kind::kNotStationary:
      return "not a critical point: " + numbers;
    case Kind::kUndecided:
      break;
  }
  const bool low = !negative_settled;
  return absl::StrFormat("undecided, for the %s eigenvalue is not sure (%.3g to within %.2g after %d products): %s",
                         low ? "lowest" : "highest", low ? lowest.value : highest.value,
                         low ? lowest.residual : highest.residual, products, numbers);
}

CriticalPoint JudgeCriticalPoint(double gradient_norm, const Spectrum& spectrum,
                                 const CriticalPointTolerances& tolerances) {
  CriticalPoint point{.kind = CriticalPoint::Kind::kMinimum,
                      .gradient_norm = gradient_norm,
                      .lowest = spectrum.lowest.front(),
                      .highest = spectrum.highest.front(),
                      .products = spectrum.steps,
                      .negative = spectrum.below,
                      .negative_settled = spectrum.below_settled};
  if (!(gradient_norm <= tolerances.gradient)) {
    point.kind = CriticalPoint::Kind::kNotStationary;
  } else if (point.negative > 0) {
    // Even where it has not settled: the vector that belongs to it has this curvature.
    point.kind = CriticalPoint::Kind::kSaddle;
  } else if (!point.negative_settled) {
    point.kind = CriticalPoint::Kind::kUndecided;
  } else if (point.highest.value <= tolerances.curvature) {
    // A value found above the tolerance is curvature, converged or not; the lack of one is none if it has converged.
    const bool known = point.highest.value + point.highest.residual <= tolerances.curvature;
    point.kind = known ? CriticalPoint::Kind::kPlateau : CriticalPoint::Kind::kUndecided;
  }
  return point;
}

}  // namespace basin::worker::analysis
