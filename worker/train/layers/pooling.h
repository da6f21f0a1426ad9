#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// The greatest value of each window, a channel. The derivative goes to the first such value of a window, as PyTorch's.
template <typename T>
class MaxPoolLayer final : public Layer<T> {
 public:
  MaxPoolLayer(const NetworkShape& shape, const Node& node);

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;

 private:
  template <typename Height, typename Width, typename Give>
  void Share(const Pass<T>& pass, int64_t example, Height height, Width width, const Give& give) const;

  const Node node_;
  const ImageShape input_;
  const bool tiles_;  // Each pixel of the input is in exactly one window.
};

// The mean of each window, a channel.
template <typename T>
class AveragePoolLayer final : public Layer<T> {
 public:
  AveragePoolLayer(const NetworkShape& shape, const Node& node);

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;

 private:
  const Node node_;
  const ImageShape input_;
};

}  // namespace basin::worker::train
