#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// (t + 1) / n for t < n, then another schedule over the remaining steps, counted from 0 (Goyal et al. 2017).
class WarmupSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT, at `path` and the field's name, if the warm-up is longer than the training, or for a fault of the
  // schedule that follows within the steps that remain.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::WarmupSchedule& spec, const TrainingLength& length,
                                                          const std::string& path);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;
  std::optional<PlateauInForce> PlateauAt(uint64_t step) const override;

 private:
  WarmupSchedule(uint64_t steps, std::unique_ptr<Schedule> then);

  uint64_t steps_;
  std::unique_ptr<Schedule> then_;
};

}  // namespace basin::contract
