#pragma once

#include <cstddef>

#include "basin/v1/optimizer.pb.h"

namespace basin::worker::train {

// Bounds a gradient; see basin.v1.Clip.
class GradientClip {
 public:
  // `spec` may have no kind: then nothing is clipped.
  explicit GradientClip(const v1::Clip& spec);

  bool by_norm() const { return by_norm_; }
  bool by_value() const { return by_value_; }

  // Clips `count` elements of a gradient whose L2 norm is `norm` (read if by_norm() alone), in place. Elementwise.
  void Apply(double norm, float* gradient, size_t count) const;

 private:
  const bool by_norm_, by_value_;
  const double bound_;
};

}  // namespace basin::worker::train
