#pragma once

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// gamma^floor(e) with e = t / steps_per_epoch (PyTorch ExponentialLR), or gamma^e when smooth; the two meet at the
// beginning of each epoch.
class ExponentialSchedule : public Schedule {
 public:
  ExponentialSchedule(const v1::ExponentialSchedule& spec, const TrainingLength& length);
  double Factor(uint64_t step) const override;

 private:
  double gamma_;
  bool smooth_;
  uint64_t steps_per_epoch_;
};

}  // namespace basin::contract
