#pragma once

#include <span>
#include <string>
#include <vector>

#include "worker/surfaces/surface.h"

namespace basin::worker::surfaces {

enum class EndingKind {
  kGlobalMinimum,
  kLocalMinimum,
  kSaddle,   // A critical point next to which the function is higher and lower.
  kMaximum,  // A critical point next to which the function is lower.
  kNowhere,  // No critical point is near.
};

// Where a descent ended.
struct Ending {
  EndingKind kind = EndingKind::kNowhere;
  std::vector<double> point;  // The critical point; where the descent ended if there is none.
  double value = 0;           // Of the function, there.
  double gradient_norm = 0;   // L2, at the descent's own end.
  double distance = 0;        // From there to the critical point.
  double lowest_value = 0;    // Of the global minimum; the same as `value` if there is none.
};

// Which critical point is within `radius` of x: a global minimum that is known, or else what Newton's method finds from
// x on, told apart by the Hessian's eigenvalues there; where some of these vanish, by the values near it. REQUIRES: x
// finite.
Ending FindEnding(const Surface& surface, std::span<const double> x, double radius);

// "ended at the local minimum (0.9623, 0), value 0.2945; the global one's is -0.3054".
std::string Describe(const Ending& ending);

}  // namespace basin::worker::surfaces
