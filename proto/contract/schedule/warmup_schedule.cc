#include "proto/contract/schedule/warmup_schedule.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> WarmupSchedule::Create(const v1::WarmupSchedule& spec,
                                                                 const TrainingLength& length,
                                                                 const std::string& path) {
  const bool in_steps = spec.length_case() == v1::WarmupSchedule::kSteps;
  const uint64_t steps = in_steps ? spec.steps() : EpochsToSteps(spec.epochs(), length.steps_per_epoch);
  if (steps == 0 || steps > length.total_steps) {
    return LongerThanTraining(absl::StrCat(path, in_steps ? "steps" : "epochs"), steps, length);
  }
  auto then =
      CreateSchedule(spec.then(), {length.total_steps - steps, length.steps_per_epoch}, absl::StrCat(path, "then."));
  if (!then.ok()) return then.status();
  return std::unique_ptr<Schedule>(new WarmupSchedule(steps, *std::move(then)));
}

WarmupSchedule::WarmupSchedule(uint64_t steps, std::unique_ptr<Schedule> then)
    : steps_(steps), then_(std::move(then)) {}

double WarmupSchedule::Factor(uint64_t step) const {
  if (step < steps_) return static_cast<double>(step + 1) / static_cast<double>(steps_);
  return then_->Factor(step - steps_);
}

std::vector<uint64_t> WarmupSchedule::Restarts() const {
  std::vector<uint64_t> restarts = then_->Restarts();
  for (uint64_t& restart : restarts) restart += steps_;
  return restarts;
}

}  // namespace basin::contract
