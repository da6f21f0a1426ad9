#pragma once

#include <string>

#include "worker/analysis/lanczos.h"

namespace basin::worker::analysis {

struct CriticalPointTolerances {
  double gradient = 1e-3;   // Norm of a gradient that counts as zero.
  double curvature = 1e-3;  // Absolute eigenvalue that counts as zero.
};

// What kind of place a loss has at some parameters.
struct CriticalPoint {
  enum class Kind {
    kMinimum,        // No negative curvature: it has settled that no eigenvalue is below -tolerance.
    kSaddle,         // Negative curvature, `negative` eigenvalues of it or more.
    kPlateau,        // No curvature at all.
    kNotStationary,  // The gradient is not zero; nothing else is said.
    kUndecided,      // Stationary, but the products did not do to tell which.
  };
  Kind kind;
  double gradient_norm = 0;
  Eigenvalue lowest, highest;
  int products = 0;  // That it took.
  // Eigenvalues below -tolerance that were found; so many there are at least, wherever the gradient stands, and exactly
  // so many if that has settled.
  int negative = 0;
  bool negative_settled = false;

  // `minimum: gradient norm 2e-05, eigenvalues from -4.1e-05 to 3.2`.
  std::string Sentence() const;
};

// REQUIRES: the spectrum has an eigenvalue from each end, and was measured with the bound -tolerances.curvature.
CriticalPoint JudgeCriticalPoint(double gradient_norm, const Spectrum& spectrum,
                                 const CriticalPointTolerances& tolerances);

}  // namespace basin::worker::analysis
