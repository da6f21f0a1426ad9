#pragma once

#include <cstdint>

#include "basin/v1/schedule.pb.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// Lowers the rate when a metric has stopped getting better (PyTorch ReduceLROnPlateau with eps 0).
class Plateau {
 public:
  explicit Plateau(const v1::PlateauSchedule& rule);

  // Of the rate, from 1 down to min_factor.
  double factor() const { return factor_; }
  // The metric's value in the next evaluation. True if the factor has fallen below the rule's stop_below.
  bool Observe(double value);

  void VisitState(StateVisitor& visitor);

 private:
  bool IsBetter(double value) const;

  v1::PlateauSchedule rule_;
  bool higher_is_better_;
  double factor_ = 1;
  double best_;
  uint64_t bad_evaluations_ = 0;
  uint64_t cooldown_left_ = 0;
};

}  // namespace basin::worker::train
