#include "worker/train/plateau.h"

#include <algorithm>
#include <limits>

#include "proto/contract/metric_direction.h"

namespace basin::worker::train {

Plateau::Plateau(const v1::PlateauSchedule& rule)
    : rule_(rule),
      higher_is_better_(contract::HigherIsBetter(rule.metric())),
      best_(higher_is_better_ ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity()) {}

bool Plateau::IsBetter(double value) const {
  const double threshold = rule_.threshold();
  const bool relative = rule_.threshold_mode() == v1::PlateauSchedule::THRESHOLD_MODE_REL;
  if (higher_is_better_) return value > (relative ? best_ * (1 + threshold) : best_ + threshold);
  return value < (relative ? best_ * (1 - threshold) : best_ - threshold);
}

bool Plateau::Observe(double value) {
  if (IsBetter(value)) {
    best_ = value;
    bad_evaluations_ = 0;
  } else {
    ++bad_evaluations_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_evaluations_ = 0;
  }
  if (bad_evaluations_ > rule_.patience()) {
    factor_ = std::max(factor_ * rule_.factor(), rule_.min_factor());
    cooldown_left_ = rule_.cooldown();
    bad_evaluations_ = 0;
  }
  return rule_.has_stop_below() && factor_ < rule_.stop_below();
}

void Plateau::VisitState(StateVisitor& visitor) {
  visitor.Double("factor", factor_);
  visitor.Double("best", best_);
  visitor.Count("bad_evaluations", bad_evaluations_);
  visitor.Count("cooldown_left", cooldown_left_);
}

}  // namespace basin::worker::train
