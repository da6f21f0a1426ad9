#include "proto/contract/schedule/step_schedule.h"

#include <algorithm>
#include <cmath>

#include "proto/contract/portable_math/portable_math.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> StepSchedule::Create(const v1::StepSchedule& spec,
                                                               const TrainingLength& length, const std::string& path) {
  const absl::StatusOr<uint64_t> fits =
      StepsWithin({path + "every_", spec.has_every_steps(), spec.every_epochs(), spec.every_steps()}, length);
  if (!fits.ok()) return fits.status();
  return std::unique_ptr<Schedule>(new StepSchedule(spec, length));
}

StepSchedule::StepSchedule(const v1::StepSchedule& spec, const TrainingLength& length)
    : gamma_(spec.gamma()),
      every_steps_(spec.every_case() == v1::StepSchedule::kEverySteps
                       ? static_cast<double>(spec.every_steps())
                       : EpochsInSteps(spec.every_epochs(), length.steps_per_epoch)) {}

double StepSchedule::Factor(uint64_t step) const {
  const double passed = std::floor(SnappedToWhole(static_cast<double>(step) / every_steps_));
  return PortablePower(gamma_, static_cast<uint64_t>(std::min(passed, 0x1p53)));
}

}  // namespace basin::contract
