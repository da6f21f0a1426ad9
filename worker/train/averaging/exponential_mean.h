#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "basin/v1/averaging.pb.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// average = decay * average + (1 - decay) * weights, in float (see EmaAveraging).
class ExponentialMean {
 public:
  ExponentialMean(const v1::EmaAveraging& rule, size_t weights);

  uint64_t count() const { return count_; }
  void Add(std::span<const float> weights);
  // The average, with its bias corrected if the rule says so. REQUIRES: count() > 0.
  void WriteTo(std::span<float> mean) const;

  void VisitState(StateVisitor& visitor);

 private:
  double decay_;
  bool bias_correction_;
  uint64_t count_ = 0;
  AlignedBuffer<float> average_;
};

}  // namespace basin::worker::train
