#include "proto/contract/schedule/weight_times.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/create.h"
#include "proto/contract/schedule/swa_start.h"

namespace basin::contract {

absl::StatusOr<WeightTimes> WeightTimes::Of(const v1::SwaAveraging& rule, const TrainingLength& length,
                                            const Schedule& schedule) {
  const absl::StatusOr<uint64_t> start = SwaStart(rule, length);
  if (!start.ok()) return start.status();
  if (rule.has_at_cycle_ends()) {
    if (schedule.CycleEndAfter(*start)) return WeightTimes(*start, 0, length.total_steps, schedule);
    return ScheduleFault("at_cycle_ends", absl::StrCat("no cycle of the schedule ends between step ", *start,
                                                       ", where averaging starts, and the training's end"));
  }
  const uint64_t every = rule.has_every_steps()    ? rule.every_steps()
                         : rule.has_every_epochs() ? EpochsToSteps(rule.every_epochs(), length.steps_per_epoch)
                                                   : length.steps_per_epoch;
  const uint64_t room = length.total_steps - *start;
  if (every <= room) return WeightTimes(*start, every, length.total_steps, schedule);
  return ScheduleFault(rule.has_every_steps() ? "every_steps" : "every_epochs",
                       absl::StrCat("is longer than what follows the start: ", every, " of ", room,
                                    " steps; start earlier or take weights more often"));
}

absl::StatusOr<WeightTimes> WeightTimes::Of(const v1::SnapshotEnsemble& rule, const TrainingLength& length,
                                            const Schedule& schedule) {
  if (rule.has_every_steps() || rule.has_every_epochs()) {
    const absl::StatusOr<uint64_t> every =
        StepsWithin({"every_", rule.has_every_steps(), rule.every_epochs(), rule.every_steps()}, length);
    if (!every.ok()) return every.status();
    return WeightTimes(0, *every, length.total_steps, schedule);
  }
  if (schedule.CycleEndAfter(0)) return WeightTimes(0, 0, length.total_steps, schedule);
  return ScheduleFault("at_cycle_ends",
                       "no cycle of the schedule ends in the training; give every_epochs or every_steps, or choose a "
                       "schedule with cycles (sgdr, cyclic)");
}

bool WeightTimes::Has(uint64_t updates) const {
  if (updates <= start_) return false;
  if (every_ > 0) return (updates - start_) % every_ == 0;
  return schedule_->CycleEndAfter(updates - 1) == updates;
}

uint64_t WeightTimes::Count(uint64_t most) const {
  if (every_ > 0) return std::min(most, (end_ - start_) / every_);
  uint64_t count = 0;
  for (std::optional<uint64_t> end = schedule_->CycleEndAfter(start_); end && count < most;
       end = schedule_->CycleEndAfter(*end)) {
    ++count;
  }
  return count;
}

}  // namespace basin::contract
