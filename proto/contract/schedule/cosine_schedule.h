#pragma once

#include <optional>

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// min_factor + (1 - min_factor)(1 + cos(pi x)) / 2 for x = progress / length: from 1 at progress 0 to min_factor at
// `length`. REQUIRES: length > 0.
double CosineFactor(double min_factor, uint64_t progress, uint64_t length);

// One half wave over the whole training (Loshchilov & Hutter 2017; PyTorch CosineAnnealingLR with T_max = T).
class CosineSchedule : public Schedule {
 public:
  CosineSchedule(const v1::CosineSchedule& spec, const TrainingLength& length);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;

 private:
  double min_factor_;
  uint64_t total_steps_;
};

}  // namespace basin::contract
