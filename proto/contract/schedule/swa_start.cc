#include "proto/contract/schedule/swa_start.h"

#include <cmath>

#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<uint64_t> SwaStart(const v1::SwaAveraging& swa, const TrainingLength& length) {
  constexpr double kDefaultFraction = 0.75;  // As in Izmailov et al. 2018.
  if (swa.has_start_epochs() || swa.has_start_steps()) {
    const absl::StatusOr<uint64_t> start =
        StepsWithin({"start_", swa.has_start_steps(), swa.start_epochs(), swa.start_steps()}, length);
    if (!start.ok() || *start < length.total_steps) return start;
    return ScheduleFault(swa.has_start_steps() ? "start_steps" : "start_epochs", "must lie before the training's end");
  }
  const double fraction = swa.has_start_fraction() ? swa.start_fraction() : kDefaultFraction;
  return static_cast<uint64_t>(std::floor(fraction * static_cast<double>(length.total_steps)));
}

}  // namespace basin::contract
