#include "server/core/progress.h"

#include <cmath>

namespace basin::server::core {

void AddPoints(const SweepDefinition& definition, std::span<const Point> points, RunningTrial* trial) {
  for (const Point& point : points) {
    trial->last[point.name] = point.value;
    trial->epoch = point.epoch;
    if (point.name != definition.objective_metric || !std::isfinite(point.value)) continue;
    if (!trial->best_objective || Better(definition.maximize, point.value, *trial->best_objective)) {
      trial->best_objective = point.value;
    }
  }
  trial->next_sequence += points.size();
}

bool Better(bool maximize, double a, double b) { return maximize ? a > b : a < b; }

}  // namespace basin::server::core
