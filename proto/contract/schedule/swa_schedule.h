#pragma once

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// A schedule over the steps before stochastic weight averaging begins; from there on a constant rate (PyTorch SWALR
// without annealing) or cycles that fall along straight lines (Izmailov et al. 2018, equation for alpha(i)).
class SwaSchedule : public Schedule {
 public:
  // `start` is the number of updates before averaging begins. INVALID_ARGUMENT for a cycle longer than what follows it,
  // an end_factor without a cycle or above `factor`, or a fault of the schedule before the start.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::SwaSchedule& spec, const TrainingLength& length,
                                                          uint64_t start);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;
  std::optional<PlateauInForce> PlateauAt(uint64_t step) const override;

 private:
  SwaSchedule(const v1::SwaSchedule& spec, uint64_t start, uint64_t cycle, uint64_t total_steps,
              std::unique_ptr<Schedule> until);

  double factor_, end_factor_;
  uint64_t start_;
  uint64_t cycle_;  // Steps; 0 without cycles.
  uint64_t total_steps_;
  std::unique_ptr<Schedule> until_;
};

}  // namespace basin::contract
