#pragma once

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// gamma^floor(t / every), `every` in steps; in epochs it may be a fraction of a step's multiple, and the drops then
// fall on the first step at or after each (PyTorch StepLR, for whole epochs).
class StepSchedule : public Schedule {
 public:
  StepSchedule(const v1::StepSchedule& spec, const TrainingLength& length);
  double Factor(uint64_t step) const override;

 private:
  double gamma_;
  double every_steps_;
};

}  // namespace basin::contract
