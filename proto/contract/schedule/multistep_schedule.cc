#include "proto/contract/schedule/multistep_schedule.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/portable_math/portable_math.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {
namespace {

// Appends the milestones in steps; `unit` is how the field's name ends, `end` the training's length in it.
template <typename List, typename ToSteps>
absl::Status AppendSteps(const List& given, const char* unit, double end, const TrainingLength& length,
                         const std::string& path, const ToSteps& to_steps, std::vector<uint64_t>* milestones) {
  for (int i = 0; i < given.size(); ++i) {
    const std::string here = absl::StrCat(path, "milestone_", unit, "[", i, "]");
    if (i > 0 && given[i] <= given[i - 1]) {
      return ScheduleFault(here,
                           absl::StrCat("must be above the milestone before it, ", given[i - 1], ", is ", given[i]));
    }
    const uint64_t steps = to_steps(given[i]);
    if (steps >= length.total_steps) {
      return ScheduleFault(here,
                           absl::StrCat("must lie before the training's end, is ", given[i], " of ", end, " ", unit));
    }
    milestones->push_back(steps);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Schedule>> MultistepSchedule::Create(const v1::MultistepSchedule& spec,
                                                                    const TrainingLength& length,
                                                                    const std::string& path) {
  if (spec.milestone_epochs().empty() == spec.milestone_steps().empty()) {
    return ScheduleFault(path + "milestone_epochs", "give milestone_epochs or milestone_steps, one of the two");
  }
  const auto total = static_cast<double>(length.total_steps);
  std::vector<uint64_t> milestones;
  absl::Status status = AppendSteps(
      spec.milestone_epochs(), "epochs", total / static_cast<double>(length.steps_per_epoch), length, path,
      [&](double epochs) { return EpochsToSteps(epochs, length.steps_per_epoch); }, &milestones);
  if (status.ok()) {
    status = AppendSteps(
        spec.milestone_steps(), "steps", total, length, path, [](uint64_t steps) { return steps; }, &milestones);
  }
  if (!status.ok()) return status;
  return std::unique_ptr<Schedule>(new MultistepSchedule(spec.gamma(), std::move(milestones)));
}

MultistepSchedule::MultistepSchedule(double gamma, std::vector<uint64_t> milestones)
    : gamma_(gamma), milestones_(std::move(milestones)) {}

double MultistepSchedule::Factor(uint64_t step) const {
  const auto passed = std::upper_bound(milestones_.begin(), milestones_.end(), step) - milestones_.begin();
  return PortablePower(gamma_, static_cast<uint64_t>(passed));
}

}  // namespace basin::contract
