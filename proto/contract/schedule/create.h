#pragma once

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

// "must not be longer than the training, ...", for a length of `steps` in the field `path`.
absl::Status LongerThanTraining(const std::string& path, uint64_t steps, const TrainingLength& length);

}  // namespace basin::contract
