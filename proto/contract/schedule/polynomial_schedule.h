#pragma once

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// end_factor + (1 - end_factor)(1 - t/T)^power (PyTorch PolynomialLR); linear is the one of power 1 (PyTorch LinearLR).
class PolynomialSchedule : public Schedule {
 public:
  PolynomialSchedule(const v1::PolynomialSchedule& spec, const TrainingLength& length);
  PolynomialSchedule(const v1::LinearSchedule& spec, const TrainingLength& length);
  double Factor(uint64_t step) const override;

 private:
  double power_;
  double end_factor_;
  uint64_t total_steps_;
};

}  // namespace basin::contract
