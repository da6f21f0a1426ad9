#pragma once

#include "worker/analysis/loss_plane.h"

namespace basin::worker::analysis {

// The direction from one network's weights to another's, running averages included: w(alpha) = a + alpha (b - a) is the
// straight line between them (Goodfellow et al. 2015).
FlatVectors DirectionBetween(const FlatVectors& a, const FlatVectors& b);

}  // namespace basin::worker::analysis
