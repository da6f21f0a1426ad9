#include "server/core/progress.h"

#include <cmath>

namespace basin::server::core {

void AddPoint(const SweepDefinition& definition, const Point& point, Progress* progress) {
  progress->last[point.name] = point.value;
  progress->epoch = point.epoch;
  ++progress->next_sequence;
  if (point.name != definition.objective_metric || !std::isfinite(point.value)) return;
  std::optional<double>& best = progress->best_objective;
  if (!best || Better(definition.maximize, point.value, *best)) best = point.value;
}

void AddPoints(const SweepDefinition& definition, std::span<const Point> points, Progress* progress) {
  for (const Point& point : points) AddPoint(definition, point, progress);
}

bool Better(bool maximize, double a, double b) { return maximize ? a > b : a < b; }

}  // namespace basin::server::core
