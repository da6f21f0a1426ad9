#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// gamma^(milestones at or before t) (PyTorch MultiStepLR). A milestone in epochs is the step nearest to it.
class MultistepSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT unless one list is given, ascending, and every milestone is before the training's end.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::MultistepSchedule& spec,
                                                          const TrainingLength& length, const std::string& path);
  double Factor(uint64_t step) const override;

 private:
  MultistepSchedule(double gamma, std::vector<uint64_t> milestones);

  double gamma_;
  std::vector<uint64_t> milestones_;  // Steps, ascending.
};

}  // namespace basin::contract
