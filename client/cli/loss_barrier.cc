#include "client/cli/loss_barrier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace basin::client::cli {

Barrier BarrierOf(std::span<const double> alphas, std::span<const double> losses) {
  const auto at = [&](double end) {
    return losses[static_cast<size_t>(std::find(alphas.begin(), alphas.end(), end) - alphas.begin())];
  };
  const double first = at(0), last = at(1);
  Barrier barrier;
  for (size_t i = 0; i < alphas.size(); ++i) {
    if (alphas[i] < 0 || alphas[i] > 1) continue;
    const double height = losses[i] - ((1 - alphas[i]) * first + alphas[i] * last);
    if (!std::isfinite(height)) return {std::numeric_limits<double>::infinity(), alphas[i]};
    if (height > barrier.height) barrier = {height, alphas[i]};
  }
  return barrier;
}

}  // namespace basin::client::cli
