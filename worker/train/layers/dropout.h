#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// In training, out = in * mask, where each element of the mask is 0 with the node's probability, and the inverse of its
// complement otherwise. Element e of the example in row r of the step's batch draws word r * S + e, S being the
// example's size rounded up to a multiple of 4, of the stream (seed, kDropout, step * 4096 + number of the dropout).
template <typename T>
class DropoutLayer final : public Layer<T> {
 public:
  DropoutLayer(const NetworkShape&, const Node& node) : node_(node) {}

  int64_t ExampleStateSize() const override;
  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;

 private:
  void DrawMask(const Pass<T>& pass, int64_t example, T* mask) const;

  const Node node_;
};

}  // namespace basin::worker::train
