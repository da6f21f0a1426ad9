#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/analysis/symmetric_operator.h"

namespace basin::worker::analysis {

// A symmetric matrix reduced to a tridiagonal one, a row a step (Lanczos 1950), with full re-orthogonalisation: each
// new vector is made orthogonal to all before it, twice, so that no eigenvalue appears that is not there. Keeps
// 4 * size bytes a step.
class LanczosProcess {
 public:
  // Begins with `start`, which is not zero. `matrix` outlives this. `seed` gives fresh starts, when the vectors reached
  // from the ones before are used up; with `restarts` false, that is the end.
  LanczosProcess(SymmetricOperator& matrix, std::vector<float> start, uint64_t seed, bool restarts);

  // One product. False, without one, if the vectors span all there is.
  bool Step();

  size_t steps() const { return diagonal_.size(); }
  // Eigenvalues of the tridiagonal matrix, ascending; for each its weight, the square of its eigenvector's first
  // element, and its residual: the length of A v - value v for the unit vector v that belongs to it, up to the rounding
  // of products in float (some 1e-6 of the greatest eigenvalue).
  struct RitzValue {
    double value, residual, weight;
  };
  std::vector<RitzValue> RitzValues() const;

 private:
  // Takes from `vector_` what it has in common with the others. Returns what it had with the last.
  double Orthogonalize();
  // Makes a unit vector of `vector_` the next one. False if nothing is left of it.
  bool Append(double length);

  SymmetricOperator& matrix_;
  const uint64_t seed_;
  const bool restarts_;
  bool exhausted_ = false;
  uint32_t fresh_starts_ = 0;
  double scale_ = 0;            // The greatest element of the tridiagonal matrix.
  std::vector<double> vector_;  // Under way.
  std::vector<float> product_;
  std::vector<std::vector<float>> basis_;
  std::vector<double> diagonal_, beside_;  // beside_[i] couples steps i and i + 1; the last couples what is to come.
};

struct LanczosOptions {
  int highest = 1, lowest = 1;  // Eigenvalues wanted from each end.
  int max_steps = 200;          // Products at most.
  double tolerance = 1e-5;      // A residual's, in units of the matrix's greatest absolute eigenvalue; from 1e-6 on.
  uint64_t seed = 0;
  // Below zero, where it matters whether there are eigenvalues below it: goes on until one was found, or until that
  // there is none has settled.
  std::optional<double> bound = std::nullopt;
};

// What is known of one eigenvalue: there is one within `residual` of `value`. A residual is at least what the rounding
// of products in float leaves unknown, a millionth of the greatest absolute eigenvalue.
struct Eigenvalue {
  double value = 0;
  double residual = 0;
  bool converged = false;  // The residual is within the tolerance.
};

struct Spectrum {
  // From the ends on; fewer than asked for if the matrix is smaller. An extreme value that has not converged is a bound
  // nevertheless: there is an eigenvalue at least as high, or low.
  std::vector<Eigenvalue> highest, lowest;
  int steps = 0;           // Products that it took.
  bool converged = false;  // All of them have.
  // Eigenvalues below the bound: at least so many, by Cauchy's interlacing and beyond the rounding of products.
  int below = 0;
  // Those are all. A residual alone can't tell: a value near zero that has "converged" to within it may be a mixture of
  // many, in which the least eigenvalue has no part yet. So the values on both sides of the bound have to be known to a
  // tenth of it, and to stay where they are, as many on each side, over a quarter of the steps more (kStableSteps at
  // least); or the vectors span all there is. Evidence, not proof: a start has a part of every eigenvector, but there
  // may be one that takes more steps yet to show.
  bool below_settled = false;

  std::vector<double> ritz_values = {};  // All that were found, ascending.
};
inline constexpr int kStableSteps = 20;

// Eigenvalues at both ends. REQUIRES: one or more wanted, and max_steps no fewer.
Spectrum ExtremeEigenvalues(SymmetricOperator& matrix, const LanczosOptions& options);

}  // namespace basin::worker::analysis
