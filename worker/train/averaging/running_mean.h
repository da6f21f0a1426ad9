#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "worker/train/aligned_buffer.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// The mean of weight vectors, each with the same weight: their sum in double, in the order in which they came, divided
// once. (PyTorch AveragedModel updates a mean in float; the two agree to a few roundings.)
class RunningMean {
 public:
  explicit RunningMean(size_t weights) : sum_(weights) {}

  uint64_t count() const { return count_; }
  void Add(std::span<const float> weights);
  // REQUIRES: count() > 0.
  void WriteTo(std::span<float> mean) const;

  void VisitState(StateVisitor& visitor);

 private:
  uint64_t count_ = 0;
  AlignedBuffer<double> sum_;
};

}  // namespace basin::worker::train
