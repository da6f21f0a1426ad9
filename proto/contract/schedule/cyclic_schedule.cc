#include "proto/contract/schedule/cyclic_schedule.h"

#include "proto/contract/portable_math/portable_math.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> CyclicSchedule::Create(const v1::CyclicSchedule& spec,
                                                                 const TrainingLength& length,
                                                                 const std::string& path) {
  const absl::StatusOr<uint64_t> up =
      StepsWithin({path + "up_", spec.has_up_steps(), spec.up_epochs(), spec.up_steps()}, length);
  if (!up.ok()) return up.status();
  uint64_t down = *up;
  if (spec.down_case() != v1::CyclicSchedule::DOWN_NOT_SET) {
    const absl::StatusOr<uint64_t> given =
        StepsWithin({path + "down_", spec.has_down_steps(), spec.down_epochs(), spec.down_steps()}, length);
    if (!given.ok()) return given.status();
    down = *given;
  }
  const bool needs_gamma = spec.mode() == v1::CyclicSchedule::MODE_EXP_RANGE;
  if (needs_gamma != spec.has_gamma()) {
    return ScheduleFault(path + "gamma", needs_gamma ? "is required by mode exp_range" : "is for mode exp_range alone");
  }
  return std::unique_ptr<Schedule>(new CyclicSchedule(spec, *up, down, length.total_steps));
}

CyclicSchedule::CyclicSchedule(const v1::CyclicSchedule& spec, uint64_t up, uint64_t down, uint64_t total_steps)
    : mode_(spec.mode()),
      min_factor_(spec.min_factor()),
      gamma_(spec.gamma()),
      up_(up),
      down_(down),
      total_steps_(total_steps) {}

double CyclicSchedule::Factor(uint64_t step) const {
  const uint64_t cycle = step / (up_ + down_);
  const uint64_t place = step % (up_ + down_);
  const double height = place <= up_ ? static_cast<double>(place) / static_cast<double>(up_)
                                     : static_cast<double>(up_ + down_ - place) / static_cast<double>(down_);
  double scale = 1;
  if (mode_ == v1::CyclicSchedule::MODE_TRIANGULAR2) scale = PortablePower(0.5, cycle);
  if (mode_ == v1::CyclicSchedule::MODE_EXP_RANGE) scale = PortablePower(gamma_, step);
  return min_factor_ + (1 - min_factor_) * height * scale;
}

std::optional<uint64_t> CyclicSchedule::CycleEndAfter(uint64_t updates) const {
  const uint64_t end = (updates / (up_ + down_) + 1) * (up_ + down_);
  return end <= total_steps_ ? std::optional(end) : std::nullopt;
}

}  // namespace basin::contract
