#include "proto/contract/schedule/cosine_schedule.h"

#include "proto/contract/portable_math/portable_math.h"

namespace basin::contract {

double CosineFactor(double min_factor, uint64_t progress, uint64_t length) {
  // (1 + cos(2a)) / 2 = cos(a)^2, which keeps its digits near the end of the wave.
  const double c = PortableCosPi(static_cast<double>(progress) / static_cast<double>(length) * 0.5);
  return min_factor + (1 - min_factor) * (c * c);
}

CosineSchedule::CosineSchedule(const v1::CosineSchedule& spec, const TrainingLength& length)
    : min_factor_(spec.min_factor()), total_steps_(length.total_steps) {}

double CosineSchedule::Factor(uint64_t step) const { return CosineFactor(min_factor_, step, total_steps_); }

std::optional<uint64_t> CosineSchedule::CycleEndAfter(uint64_t updates) const {
  return updates < total_steps_ ? std::optional(total_steps_) : std::nullopt;
}

}  // namespace basin::contract
