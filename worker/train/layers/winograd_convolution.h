#pragma once

#include <cstdint>
#include <vector>

#include "worker/train/layers/layer.h"
#include "worker/train/winograd.h"

namespace basin::worker::train {

// A convolution by 3 x 3 weights at stride 1 in tiles (see winograd.h): forward and the gradient by the input are
// sixteen products of a run of tiles with matrices that stay in the cache, the gradient by the weights sixteen sums
// over tiles.
template <typename T>
class WinogradConvolution final : public Layer<T> {
 public:
  // Whether the node is a convolution that it computes, faster than Convolution on batches of some images. The weights
  // are transformed at each step, which a single small image does not pay back: 64 to 64 channels on 4 x 4 pixels,
  // batch 1, take 1.5 times as long.
  static bool Suits(const NetworkShape& shape, const Node& node);

  // REQUIRES: Suits.
  WinogradConvolution(const NetworkShape& shape, const Node& node);

  int64_t StateSize() const override { return state_size_; }
  void Prepare(const Pass<T>& pass) const override;
  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  // Each has some channels of every tap.
  int64_t pieces() const override { return 2; }
  std::vector<PiecePart> PieceParts(int64_t piece) const override;
  void Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const override;
  void GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count, bool accumulate,
                       T* result) const override;

 private:
  // A convolution of images of `channels` into ones of `filters`.
  struct Way {
    int32_t channels, filters;
    int32_t height, width;  // Of the result.
    int64_t corner;         // From the first pixel of what is read to that of the first window.
    int64_t state;          // Where its matrices are in the state: packed, a place each.
  };
  void Convolve(const Way& way, const Values<T>& in, int64_t example, const T* state, const ChainStart<T>& start,
                Finish finish, const Values<T>& gate, const Values<T>& out) const;
  // Of the weights in the piece, from the examples' inputs and derivatives.
  void WeightGradient(const Values<T>& in, const Values<T>& deltas, T* state, int64_t piece, int64_t count,
                      bool accumulate, T* result) const;
  int32_t ChannelBegin(int64_t piece) const { return static_cast<int32_t>(channels_ * piece / 2); }

  const Node node_;
  const int32_t channels_, filters_;
  int64_t weights_size_ = 0;  // Of a tap.
  bool has_backward_ = false;
  int64_t run_tiles_ = 0;        // Of the longest run.
  std::vector<int32_t> deltas_;  // Offsets of the derivatives' pixels.
  Way forward_{}, backward_{};
  // In the state: the gradient's sums over tiles, sixteen times a tap's weights; and the turned weights.
  int64_t sums_ = 0, turned_ = 0, state_size_ = 0;
};

}  // namespace basin::worker::train
