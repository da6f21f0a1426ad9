#include "proto/contract/schedule/warmup_schedule.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> WarmupSchedule::Create(const v1::WarmupSchedule& spec,
                                                                 const TrainingLength& length,
                                                                 const std::string& path) {
  const absl::StatusOr<uint64_t> steps = StepsWithin({path, spec.has_steps(), spec.epochs(), spec.steps()}, length);
  if (!steps.ok()) return steps.status();
  auto then =
      CreateSchedule(spec.then(), {length.total_steps - *steps, length.steps_per_epoch}, absl::StrCat(path, "then."));
  if (!then.ok()) return then.status();
  return std::unique_ptr<Schedule>(new WarmupSchedule(*steps, *std::move(then)));
}

WarmupSchedule::WarmupSchedule(uint64_t steps, std::unique_ptr<Schedule> then)
    : steps_(steps), then_(std::move(then)) {}

double WarmupSchedule::Factor(uint64_t step) const {
  if (step < steps_) return static_cast<double>(step + 1) / static_cast<double>(steps_);
  return then_->Factor(step - steps_);
}

std::optional<uint64_t> WarmupSchedule::CycleEndAfter(uint64_t updates) const {
  const std::optional<uint64_t> end = then_->CycleEndAfter(updates < steps_ ? 0 : updates - steps_);
  return end ? std::optional(*end + steps_) : std::nullopt;
}

std::optional<PlateauInForce> WarmupSchedule::PlateauAt(uint64_t step) const {
  if (step < steps_) return std::nullopt;
  std::optional<PlateauInForce> plateau = then_->PlateauAt(step - steps_);
  if (plateau) plateau->first_step += steps_;
  return plateau;
}

}  // namespace basin::contract
