#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// out = activation((in - mean) / sqrt(variance + epsilon) * scale + shift), with mean and (biased) variance over an
// example's pixels and a group of neighbouring channels; scale and shift a channel.
template <typename T>
class GroupNormLayer final : public Layer<T> {
 public:
  GroupNormLayer(const NetworkShape&, const Node& node) : node_(node) {}

  int64_t ExampleStateSize() const override { return kArrays * room(); }
  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  int64_t pieces() const override { return 1; }
  std::vector<PiecePart> PieceParts(int64_t) const override { return {{0, int64_t{2} * node_.output.channels}}; }
  void Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const override;

 private:
  // An example's state: arrays with a number a channel. The gradients are the example's part of them.
  enum Array { kMean, kInverseDeviation, kScaleGradient, kShiftGradient, kDeltaOffset, kDeltaSlope, kArrays };
  int64_t room() const { return (node_.output.channels + 15) / 16 * 16; }
  int32_t group_channels() const { return node_.output.channels / node_.groups; }
  // Of sums a channel, the mean over each group, as finish(mean, the group's first channel) has it.
  template <typename Finisher>
  void MeanOfGroups(T* sums, const Finisher& finish) const;
  void Measure(const T* values, int64_t line, T* state) const;
  // From the sums a channel in the state: what Backward subtracts.
  void CombineDeltas(const T* scales, T* state) const;
  // The rates of change of what these two leave in an example's state, in the tangent's. Rates are null if the values
  // do not change.
  void MeasureTangent(const T* values, const T* rates, int64_t line, const T* state, T* state_rates) const;
  void CombineTangent(const T* scales, const T* scale_rates, const T* state, T* state_rates) const;

  const Node node_;
};

}  // namespace basin::worker::train
