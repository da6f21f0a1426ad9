#pragma once

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// Always 1.
class ConstantSchedule : public Schedule {
 public:
  double Factor(uint64_t step) const override;
};

}  // namespace basin::contract
