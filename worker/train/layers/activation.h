#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// out = activation(in), by itself; or a copy without gaps, where there is none.
template <typename T>
class ActivationLayer final : public Layer<T> {
 public:
  ActivationLayer(const NetworkShape&, const Node& node) : node_(node) {}

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;

 private:
  const Node node_;
};

}  // namespace basin::worker::train
