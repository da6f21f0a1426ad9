#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// out = activation(in[0] + in[1]).
template <typename T>
class Add final : public Layer<T> {
 public:
  Add(const NetworkShape&, const Node& node) : node_(node) {}

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;

 private:
  const Node node_;
};

// Every stride-th pixel from the first on, and zeros in the channels that the input does not have.
template <typename T>
class Subsample final : public Layer<T> {
 public:
  Subsample(const NetworkShape& shape, const Node& node);

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;

 private:
  const Node node_;
  const ImageShape input_;
};

}  // namespace basin::worker::train
