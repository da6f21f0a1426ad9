#pragma once

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// out = activation((in - mean) / sqrt(variance + epsilon) * scale + shift), a channel. In training, mean and variance
// are those of the batch: the pass stops before this layer until Measure has seen all examples and Combine has put them
// together, in double and in the order of the examples; and likewise on the way back. In evaluation they are the
// running averages, and examples do not depend on each other.
template <typename T>
class BatchNormLayer final : public Layer<T> {
 public:
  BatchNormLayer(const NetworkShape&, const Node& node) : node_(node) {}

  int64_t StateSize() const override { return kArrays * room(); }
  int64_t ExampleStateSize() const override { return 2 * room(); }

  // Training, before Forward: of each example its own mean and sum of squares; then, alone, for all `count` of them.
  // The running averages in `buffers` (of the whole network) take the batch's with the weight `momentum`.
  void Measure(const Pass<T>& pass, int64_t first, int64_t count) const;
  void Combine(const Pass<T>& pass, int64_t count, double momentum, T* buffers) const;
  // Evaluation, before Forward: takes the running averages. Before ForwardTangent, of the tangent's pass too.
  void TakeAverages(const Pass<T>& pass, const T* buffers) const;
  double momentum() const { return node_.momentum; }

  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;

  // Before Backward in training: of each example the sums that its derivatives add to; then, alone, for all. In
  // evaluation both are for Gradient's sake alone, and may follow; so may CombineDeltas of a tangent.
  void MeasureDeltas(const Pass<T>& pass, int64_t first, int64_t count) const;
  void CombineDeltas(const Pass<T>& pass, int64_t count) const;

  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;

  int64_t pieces() const override { return 1; }
  std::vector<PiecePart> PieceParts(int64_t) const override { return {{0, int64_t{2} * node_.output.channels}}; }
  void Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const override;

 private:
  // The state: arrays with a number a channel.
  enum Array { kMean, kInverseDeviation, kFactor, kScaleGradient, kShiftGradient, kDeltaOffset, kDeltaSlope, kArrays };
  int64_t room() const { return (node_.output.channels + 15) / 16 * 16; }
  T* array(const Pass<T>& pass, Array which) const { return pass.state + which * room(); }
  // Sets one channel's from the moments over the batch, or over all that was seen.
  void SetMoments(const Pass<T>& pass, int32_t channel, double mean, double variance) const;

  const Node node_;
};

}  // namespace basin::worker::train
