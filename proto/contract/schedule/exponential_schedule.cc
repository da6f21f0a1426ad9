#include "proto/contract/schedule/exponential_schedule.h"

#include "proto/contract/portable_math/portable_math.h"

namespace basin::contract {

ExponentialSchedule::ExponentialSchedule(const v1::ExponentialSchedule& spec, const TrainingLength& length)
    : gamma_(spec.gamma()), smooth_(spec.smooth()), steps_per_epoch_(length.steps_per_epoch) {}

double ExponentialSchedule::Factor(uint64_t step) const {
  const double whole_epochs = PortablePower(gamma_, step / steps_per_epoch_);
  if (!smooth_) return whole_epochs;
  const double fraction = static_cast<double>(step % steps_per_epoch_) / static_cast<double>(steps_per_epoch_);
  return whole_epochs * PortableRealPower(gamma_, fraction);
}

}  // namespace basin::contract
