#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/schedule.pb.h"
#include "proto/contract/schedule/schedule.h"

// What the kinds of schedules share while they are made. For this folder alone; others call Schedule::Create.

namespace basin::contract {

// Schedule::Create for a schedule that may lie inside another one: `path` is where it lies, "" or such as
// "warmup.then.". The length may be empty (total_steps 0) for what follows a warm-up that fills the whole training.
absl::StatusOr<std::unique_ptr<Schedule>> CreateSchedule(const v1::Schedule& spec, const TrainingLength& length,
                                                         const std::string& path);

// INVALID_ARGUMENT for one field, as a violation (see violation.h).
absl::Status ScheduleFault(const std::string& path, const std::string& description);

// `value`, the product or quotient of two numbers: the whole number beside it, if rounding may have made the
// difference.
double SnappedToWhole(double value);

// A length that a spec gives in one of two fields, `PREFIXepochs` and `PREFIXsteps`.
struct GivenLength {
  std::string prefix;  // The path of the two fields as far as they agree: "sgdr.first_period_".
  bool in_steps;
  double epochs;
  uint64_t steps;
};

// In steps: epochs to nearest, at least 1. INVALID_ARGUMENT, in the field's unit, if it is longer than `length`.
absl::StatusOr<uint64_t> StepsWithin(const GivenLength& given, const TrainingLength& length);

}  // namespace basin::contract
