#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// (t + 1) / n for t < n, then sqrt(n / t) (Vaswani et al. 2017).
class InverseSqrtSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT if the warm-up is longer than the training.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::InverseSqrtSchedule& spec,
                                                          const TrainingLength& length, const std::string& path);
  double Factor(uint64_t step) const override;

 private:
  explicit InverseSqrtSchedule(uint64_t warmup) : warmup_(warmup) {}

  uint64_t warmup_;  // Steps.
};

}  // namespace basin::contract
