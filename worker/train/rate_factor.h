#pragma once

#include <cstdint>
#include <memory>

#include "proto/contract/schedule/schedule.h"
#include "worker/train/epoch_report.h"
#include "worker/train/plateau.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// The factor of the next step: the schedule's, a pure function of the step, times that of the plateau rule in force
// there, which depends on evaluations. A plateau rule begins anew with its part of the schedule and knows of the
// evaluations in that part alone.
class RateFactor {
 public:
  explicit RateFactor(std::unique_ptr<const contract::Schedule> schedule) : schedule_(std::move(schedule)) {}

  const contract::Schedule& schedule() const { return *schedule_; }
  // Of step 0, 1, ...; REQUIRES: evaluations before it have been told.
  double At(uint64_t step) const;
  // Told of each evaluation. True if a plateau rule ends the training.
  bool Observe(const EpochReport& report);

  void VisitState(StateVisitor& visitor);

 private:
  // `plateau_` for the rule in force at a step.
  void Enter(const contract::PlateauInForce& rule);

  std::unique_ptr<const contract::Schedule> schedule_;
  std::unique_ptr<Plateau> plateau_;  // The last rule that was told of an evaluation.
  uint64_t plateau_start_ = 0;        // The first step at which it is in force.
};

}  // namespace basin::worker::train
