#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// gamma^floor(t / every), `every` in steps; in epochs it may be a fraction of a step's multiple, and the drops then
// fall on the first step at or after each (PyTorch StepLR, for whole epochs).
class StepSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT for a first drop that lies beyond the training.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::StepSchedule& spec, const TrainingLength& length,
                                                          const std::string& path);
  double Factor(uint64_t step) const override;

 private:
  StepSchedule(const v1::StepSchedule& spec, const TrainingLength& length);

  double gamma_;
  double every_steps_;
};

}  // namespace basin::contract
