#pragma once

#include <span>

#include "worker/analysis/loss_plane.h"

namespace basin::worker::analysis {

// The direction from one network's weights to another's, running averages included: w(alpha) = a + alpha (b - a) is the
// straight line between them (Goodfellow et al. 2015).
FlatVectors DirectionBetween(const FlatVectors& a, const FlatVectors& b);

struct Barrier {
  double height = 0;  // 0 if the line stays below.
  double alpha = 0;   // Where it is highest.
};

// By how much the loss on the way exceeds the straight line between the losses at the ends (Frankle et al. 2020). Two
// networks with no barrier lie in one valley. REQUIRES: as many losses as alphas, two or more; alphas ascend, from 0 to
// 1.
Barrier BarrierOf(std::span<const double> alphas, std::span<const double> losses);

}  // namespace basin::worker::analysis
