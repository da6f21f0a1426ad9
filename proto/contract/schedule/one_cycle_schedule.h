#pragma once

#include <optional>

#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// Up to 1 over a fraction of the training, then down to almost nothing (Smith & Topin 2018; PyTorch OneCycleLR). The
// peak is at step up_fraction * T - 1, a real number; the last step has end_factor.
class OneCycleSchedule : public Schedule {
 public:
  OneCycleSchedule(const v1::OneCycleSchedule& spec, const TrainingLength& length);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;

 private:
  // From `start` at x = 0 to `end` at x = 1.
  double Anneal(double start, double end, double x) const;

  v1::OneCycleSchedule::Anneal anneal_;
  double start_factor_, end_factor_;
  double peak_;  // The step of the peak.
  uint64_t total_steps_;
};

}  // namespace basin::contract
