#include "worker/agent/weights_bar.h"

#include <cmath>
#include <string>

namespace basin::worker::agent {

WeightsBar::WeightsBar(const v1::LeasedTrial& lease)
    : bar_(lease.weights_bar()),
      has_bar_(lease.has_weights_bar()),
      at_best_(bar_.objective().at() == v1::Objective::AT_BEST),
      unknown_(at_best_ && lease.has_checkpoint()) {}

void WeightsBar::Add(std::span<const v1::MetricPoint> points) {
  if (!has_bar_) return;
  const v1::Objective& objective = bar_.objective();
  const std::string& metric = objective.has_maximize() ? objective.maximize() : objective.minimize();
  for (const v1::MetricPoint& point : points) {
    if (point.name() != metric) continue;
    const bool better = std::isfinite(point.value()) && (!value_ || Better(point.value(), *value_));
    if (!at_best_ || better) value_ = point.value();
  }
}

bool WeightsBar::IsPassed() const {
  if (!has_bar_ || unknown_ || !value_) return true;
  return std::isfinite(*value_) && !Better(bar_.value(), *value_);
}

}  // namespace basin::worker::agent
