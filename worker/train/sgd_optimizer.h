#pragma once

#include <cstddef>
#include <span>

#include "basin/v1/workload.pb.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// Stochastic gradient descent with momentum as PyTorch's SGD defines it; see basin.v1.Sgd for the formula. The settings
// are immutable; the velocity is the state of one run. Each element's update is three fused multiply-adds at most.
class SgdOptimizer {
 public:
  struct Settings {
    double momentum = 0;
    double dampening = 0;
    bool nesterov = false;
    double l2 = 0;
  };
  static Settings FromProto(const v1::Sgd& sgd);

  SgdOptimizer(const Settings& settings, size_t parameter_count);

  // One update of all parameters at the given learning rate. REQUIRES: both spans have parameter_count elements.
  void Step(std::span<float> params, std::span<const float> gradient, double rate);

  // A step in parts: StepRange for disjoint ranges that cover all parameters, from any threads, then FinishStep once.
  // The pointers are to element 0, not to `begin`. Same bits as Step.
  void StepRange(float* params, const float* gradient, size_t begin, size_t end, double rate);
  void FinishStep() { first_step_ = false; }

  void VisitState(StateVisitor& visitor) {
    visitor.Floats("velocity", velocity_.span());
    visitor.Flag("first_step", first_step_);
  }

  const Settings& settings() const { return settings_; }
  // Empty without momentum; zeros before the first step.
  std::span<const float> velocity() const { return velocity_.span(); }

 private:
  const Settings settings_;
  AlignedBuffer<float> velocity_;
  bool first_step_ = true;
};

}  // namespace basin::worker::train
