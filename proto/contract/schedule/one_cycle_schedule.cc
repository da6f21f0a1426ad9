#include "proto/contract/schedule/one_cycle_schedule.h"

#include "proto/contract/portable_math/portable_math.h"

namespace basin::contract {

OneCycleSchedule::OneCycleSchedule(const v1::OneCycleSchedule& spec, const TrainingLength& length)
    : anneal_(spec.anneal()),
      start_factor_(spec.start_factor()),
      end_factor_(spec.end_factor()),
      peak_(spec.up_fraction() * static_cast<double>(length.total_steps) - 1),
      total_steps_(length.total_steps) {}

double OneCycleSchedule::Anneal(double start, double end, double x) const {
  if (anneal_ == v1::OneCycleSchedule::ANNEAL_LINEAR) return start + (end - start) * x;
  const double c = PortableCosPi(0.5 * x);  // (1 + cos(pi x)) / 2 = c^2.
  return end + (start - end) * (c * c);
}

double OneCycleSchedule::Factor(uint64_t step) const {
  const auto t = static_cast<double>(step);
  // A way up that ends at step 0 or before has no step below the peak.
  if (t <= peak_) return peak_ > 0 ? Anneal(start_factor_, 1, t / peak_) : 1;
  const double last = static_cast<double>(total_steps_ - 1);
  return Anneal(1, end_factor_, (t - peak_) / (last - peak_));
}

std::optional<uint64_t> OneCycleSchedule::CycleEndAfter(uint64_t updates) const {
  return updates < total_steps_ ? std::optional(total_steps_) : std::nullopt;
}

}  // namespace basin::contract
