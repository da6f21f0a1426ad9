#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "basin/v1/schedule.pb.h"
#include "basin/v1/workload.pb.h"

namespace basin::contract {

// The length of a training in the units that schedules are written in.
struct TrainingLength {
  uint64_t total_steps;      // T, at least 1.
  uint64_t steps_per_epoch;  // At least 1.
};

// A plateau rule of a schedule, at a step.
struct PlateauInForce {
  const v1::PlateauSchedule* rule;  // Lives as long as the schedule.
  uint64_t first_step;              // From which on it is in force; tells it from other rules of a sequence.
};

// Factor on the base learning rate as a pure function of the step. One class a file in this folder; `Create` alone
// knows them all. Immutable; safe to use from many threads.
class Schedule {
 public:
  // REQUIRES: defaults filled in and rules hold. INVALID_ARGUMENT, paths from Schedule on, for a fault that shows only
  // with the length: a first period or a warm-up longer than the training. `swa_start` is what the kind `swa` follows.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::Schedule& spec, const TrainingLength& length,
                                                          std::optional<uint64_t> swa_start = std::nullopt);
  // The schedule of a resolved training; paths from Workload on ("train.schedule.sgdr.first_period_epochs").
  static absl::StatusOr<std::unique_ptr<Schedule>> Of(const v1::TrainWorkload& workload, const TrainingLength& length);
  virtual ~Schedule() = default;

  // For step = 0, 1, ..., total_steps - 1. In double, and by arithmetic that is the same on every machine (cos and pow
  // of our own or exactly specified recurrences; no libm).
  virtual double Factor(uint64_t step) const = 0;

  // The first number of updates above `updates` after which a cycle of the schedule ends (the rate jumps back up, or
  // the wave is complete), at most total_steps; none if there is none. For ensembles and averages of a weight vector a
  // cycle.
  virtual std::optional<uint64_t> CycleEndAfter(uint64_t /*updates*/) const { return std::nullopt; }

  // The plateau rule whose factor multiplies that of the step, if there is one. Factor is all that is known of the rate
  // before any result.
  virtual std::optional<PlateauInForce> PlateauAt(uint64_t /*step*/) const { return std::nullopt; }
};

// A length of epochs in steps, which may be a fraction: the product, or the whole number that it is but for rounding
// (2.2 epochs of 45 steps are 99, not 99.00000000000001).
double EpochsInSteps(double epochs, uint64_t steps_per_epoch);

// Converts a length in epochs to whole steps, to nearest, at least 1.
uint64_t EpochsToSteps(double epochs, uint64_t steps_per_epoch);

}  // namespace basin::contract
