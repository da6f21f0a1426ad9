#include "proto/contract/schedule/sgdr_schedule.h"

#include <cmath>
#include <utility>

#include "proto/contract/schedule/cosine_schedule.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {
namespace {

// 1 + ratio + ... + ratio^(terms - 1), by doubling: S(2n) = S(n) (1 + ratio^n). The closed form
// (ratio^n - 1) / (ratio - 1) loses its digits near ratio 1.
double GeometricSum(double ratio, uint64_t terms) {
  double sum = 0;
  double power = 1;  // ratio^n for the n terms summed so far.
  for (int bit = 63; bit >= 0; --bit) {
    sum = sum * (1 + power);
    power *= power;
    if (terms >> bit & 1) {
      sum += power;
      power *= ratio;
    }
  }
  return sum;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Schedule>> SgdrSchedule::Create(const v1::SgdrSchedule& spec,
                                                               const TrainingLength& length, const std::string& path) {
  const absl::StatusOr<uint64_t> first_period = StepsWithin(
      {path + "first_period_", spec.has_first_period_steps(), spec.first_period_epochs(), spec.first_period_steps()},
      length);
  if (!first_period.ok()) return first_period.status();
  return std::unique_ptr<Schedule>(new SgdrSchedule(spec, *first_period, length.total_steps));
}

SgdrSchedule::SgdrSchedule(const v1::SgdrSchedule& spec, uint64_t first_period, uint64_t total_steps)
    : first_period_(first_period),
      period_factor_(spec.period_factor()),
      min_factor_(spec.min_factor()),
      total_steps_(total_steps) {}

uint64_t SgdrSchedule::StartOf(uint64_t period) const {
  constexpr double kBeyondAnyTraining = 0x1p60;
  const double start = std::floor(static_cast<double>(first_period_) * GeometricSum(period_factor_, period) + 0.5);
  return static_cast<uint64_t>(start < kBeyondAnyTraining ? start : kBeyondAnyTraining);
}

uint64_t SgdrSchedule::PeriodOf(uint64_t step) const {
  // None is shorter than the first, which bounds the period's number from above.
  uint64_t period = 0;
  uint64_t end = step / first_period_ + 1;
  while (end - period > 1) {
    const uint64_t middle = period + (end - period) / 2;
    (StartOf(middle) <= step ? period : end) = middle;
  }
  return period;
}

double SgdrSchedule::Factor(uint64_t step) const {
  const uint64_t period = PeriodOf(step);
  const uint64_t start = StartOf(period);
  return CosineFactor(min_factor_, step - start, StartOf(period + 1) - start);
}

std::optional<uint64_t> SgdrSchedule::CycleEndAfter(uint64_t updates) const {
  const uint64_t end = StartOf(PeriodOf(updates) + 1);
  return end <= total_steps_ ? std::optional(end) : std::nullopt;
}

}  // namespace basin::contract
