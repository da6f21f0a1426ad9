#include "proto/contract/schedule/inverse_sqrt_schedule.h"

#include <cmath>

#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> InverseSqrtSchedule::Create(const v1::InverseSqrtSchedule& spec,
                                                                      const TrainingLength& length,
                                                                      const std::string& path) {
  const absl::StatusOr<uint64_t> warmup =
      StepsWithin({path + "warmup_", spec.has_warmup_steps(), spec.warmup_epochs(), spec.warmup_steps()}, length);
  if (!warmup.ok()) return warmup.status();
  return std::unique_ptr<Schedule>(new InverseSqrtSchedule(*warmup));
}

double InverseSqrtSchedule::Factor(uint64_t step) const {
  const auto n = static_cast<double>(warmup_);
  if (step < warmup_) return static_cast<double>(step + 1) / n;
  return std::sqrt(n / static_cast<double>(step));  // IEEE 754 rounds roots correctly everywhere.
}

}  // namespace basin::contract
