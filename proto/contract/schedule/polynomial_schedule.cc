#include "proto/contract/schedule/polynomial_schedule.h"

#include "proto/contract/portable_math/portable_math.h"

namespace basin::contract {

PolynomialSchedule::PolynomialSchedule(const v1::PolynomialSchedule& spec, const TrainingLength& length)
    : power_(spec.power()), end_factor_(spec.end_factor()), total_steps_(length.total_steps) {}

PolynomialSchedule::PolynomialSchedule(const v1::LinearSchedule& spec, const TrainingLength& length)
    : power_(1), end_factor_(spec.end_factor()), total_steps_(length.total_steps) {}

double PolynomialSchedule::Factor(uint64_t step) const {
  // The difference of whole numbers is exact, and above 0.
  const double left = static_cast<double>(total_steps_ - step) / static_cast<double>(total_steps_);
  return end_factor_ + (1 - end_factor_) * PortableRealPower(left, power_);
}

}  // namespace basin::contract
