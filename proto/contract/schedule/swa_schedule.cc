#include "proto/contract/schedule/swa_schedule.h"

#include <utility>

#include "proto/contract/schedule/create.h"

namespace basin::contract {

absl::StatusOr<std::unique_ptr<Schedule>> SwaSchedule::Create(const v1::SwaSchedule& spec, const TrainingLength& length,
                                                              uint64_t start) {
  uint64_t cycle = 0;
  if (spec.cycle_case() != v1::SwaSchedule::CYCLE_NOT_SET) {
    const absl::StatusOr<uint64_t> steps =
        StepsWithin({"swa.cycle_", spec.has_cycle_steps(), spec.cycle_epochs(), spec.cycle_steps()},
                    {length.total_steps - start, length.steps_per_epoch});
    if (!steps.ok()) return steps.status();
    cycle = *steps;
  }
  if ((cycle > 0) != spec.has_end_factor()) {
    return ScheduleFault("swa.end_factor", cycle > 0 ? "is required with a cycle" : "is for a rate with a cycle alone");
  }
  if (cycle > 0 && spec.end_factor() > spec.factor()) {
    return ScheduleFault("swa.end_factor", "must not be above factor, from which each cycle falls");
  }
  auto until = CreateSchedule(spec.until(), {start, length.steps_per_epoch}, "swa.until.");
  if (!until.ok()) return until.status();
  return std::unique_ptr<Schedule>(new SwaSchedule(spec, start, cycle, length.total_steps, *std::move(until)));
}

SwaSchedule::SwaSchedule(const v1::SwaSchedule& spec, uint64_t start, uint64_t cycle, uint64_t total_steps,
                         std::unique_ptr<Schedule> until)
    : factor_(spec.factor()),
      end_factor_(spec.end_factor()),
      start_(start),
      cycle_(cycle),
      total_steps_(total_steps),
      until_(std::move(until)) {}

double SwaSchedule::Factor(uint64_t step) const {
  if (step < start_) return until_->Factor(step);
  if (cycle_ == 0) return factor_;
  const double x = static_cast<double>((step - start_) % cycle_ + 1) / static_cast<double>(cycle_);
  return (1 - x) * factor_ + x * end_factor_;
}

std::optional<uint64_t> SwaSchedule::CycleEndAfter(uint64_t updates) const {
  if (updates < start_) {
    if (const std::optional<uint64_t> end = until_->CycleEndAfter(updates)) return end;
    updates = start_;
  }
  if (cycle_ == 0) return std::nullopt;
  const uint64_t end = start_ + ((updates - start_) / cycle_ + 1) * cycle_;
  return end <= total_steps_ ? std::optional(end) : std::nullopt;
}

std::optional<PlateauInForce> SwaSchedule::PlateauAt(uint64_t step) const {
  return step < start_ ? until_->PlateauAt(step) : std::nullopt;
}

}  // namespace basin::contract
