#pragma once

#include <optional>

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// The part of a plateau rule that is known before any result: the factor is 1, and the rule is in force at every step.
// Who trains multiplies by what the rule makes of the evaluations.
class PlateauSchedule : public Schedule {
 public:
  explicit PlateauSchedule(const v1::PlateauSchedule& rule) : rule_(rule) {}
  double Factor(uint64_t /*step*/) const override { return 1; }
  std::optional<PlateauInForce> PlateauAt(uint64_t /*step*/) const override { return PlateauInForce{&rule_, 0}; }

 private:
  v1::PlateauSchedule rule_;
};

}  // namespace basin::contract
