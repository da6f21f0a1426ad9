#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// Up from min_factor to 1 and down again in cycles, whose peaks may fall (Smith 2017; PyTorch CyclicLR).
class CyclicSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT if the way up, or with it the way down, is longer than the training, or for a gamma that is
  // missing in the mode exp_range or given in another.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::CyclicSchedule& spec, const TrainingLength& length,
                                                          const std::string& path);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;

 private:
  CyclicSchedule(const v1::CyclicSchedule& spec, uint64_t up, uint64_t down, uint64_t total_steps);

  v1::CyclicSchedule::Mode mode_;
  double min_factor_;
  double gamma_;
  uint64_t up_, down_;  // Steps.
  uint64_t total_steps_;
};

}  // namespace basin::contract
