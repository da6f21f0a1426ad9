#pragma once

#include <span>

namespace basin::client::cli {

struct Barrier {
  double height = 0;  // 0 if the line stays below.
  double alpha = 0;   // Where it is highest.
};

// By how much the loss on the straight way from one network to another exceeds the line between the losses at its ends
// (Frankle et al. 2020). Two networks with no barrier lie in one valley. Losses that are not finite make it infinite.
// REQUIRES: as many losses as alphas, two or more; alphas ascend, and hold 0 and 1. What lies beyond these is left out.
Barrier BarrierOf(std::span<const double> alphas, std::span<const double> losses);

}  // namespace basin::client::cli
