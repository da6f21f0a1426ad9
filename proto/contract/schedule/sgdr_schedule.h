#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// A cosine inside each period, back to 1 at each restart (Loshchilov & Hutter 2017; PyTorch
// CosineAnnealingWarmRestarts, whose period_factor is whole). Restart i is the step nearest to
// first_period * (1 + period_factor + ... + period_factor^(i-1)).
class SgdrSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT, at `path` and the field's name, if the first period is longer than the training.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::SgdrSchedule& spec, const TrainingLength& length,
                                                          const std::string& path);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;

 private:
  SgdrSchedule(const v1::SgdrSchedule& spec, uint64_t first_period, uint64_t total_steps);
  // The period that holds a step, from 0.
  uint64_t PeriodOf(uint64_t step) const;
  // First step of a period.
  uint64_t StartOf(uint64_t period) const;

  uint64_t first_period_;
  double period_factor_;
  double min_factor_;
  uint64_t total_steps_;
};

}  // namespace basin::contract
