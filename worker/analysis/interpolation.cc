#include "worker/analysis/interpolation.h"

#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {

FlatVectors DirectionBetween(const FlatVectors& a, const FlatVectors& b) {
  return {Difference(b.params, a.params), Difference(b.buffers, a.buffers)};
}

Barrier BarrierOf(std::span<const double> alphas, std::span<const double> losses) {
  Barrier barrier;
  for (size_t i = 0; i < alphas.size(); ++i) {
    const double height = losses[i] - ((1 - alphas[i]) * losses.front() + alphas[i] * losses.back());
    if (height > barrier.height) barrier = {height, alphas[i]};
  }
  return barrier;
}

}  // namespace basin::worker::analysis
