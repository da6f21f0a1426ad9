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
    kMinimum,        // No negative curvature: no eigenvalue below -tolerance.
    kSaddle,         // Negative curvature, `negative` eigenvalues of it or more.
    kPlateau,        // No curvature at all.
    kNotStationary,  // The gradient is not zero; nothing else is said.
    kUndecided,      // Stationary, but the ends of the spectrum have not converged.
  };
  Kind kind;
  double gradient_norm = 0;
  double lowest = 0, highest = 0;  // Eigenvalues.
  // Eigenvalues below -tolerance that were found; so many there are at least, wherever the gradient stands.
  int negative = 0;

  // `minimum: gradient norm 2e-05, eigenvalues from -4.1e-05 to 3.2`.
  std::string Sentence() const;
};

// REQUIRES: the spectrum has an eigenvalue from each end.
CriticalPoint JudgeCriticalPoint(double gradient_norm, const Spectrum& spectrum,
                                 const CriticalPointTolerances& tolerances);

}  // namespace basin::worker::analysis
