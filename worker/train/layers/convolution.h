#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "worker/train/layers/layer.h"
#include "worker/train/patch_product.h"

namespace basin::worker::train {

// A convolution over images with their border: forward, a product of patches with the weights; the gradient by the
// input, for each class of pixels that the same taps reach (one at stride 1), a product of patches of the derivatives
// with the weights, turned round; see patch_product.h.
template <typename T>
class Convolution final : public Layer<T> {
 public:
  Convolution(const NetworkShape& shape, const Node& node);

  int64_t StateSize() const override { return state_size_; }
  void Prepare(const Pass<T>& pass) const override;
  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  int64_t pieces() const override { return (depth_ + piece_rows_ - 1) / piece_rows_; }
  std::vector<PiecePart> PieceParts(int64_t piece) const override;
  void Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const override;
  void GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count, bool accumulate,
                       T* result) const override;

 private:
  // Pixels of the input whose place, modulo the stride, is the same.
  struct Class {
    std::vector<int32_t> rows, columns;         // Taps, from the last to the first.
    std::vector<int32_t> patches, outs, gates;  // Offsets, a pixel: in the node's derivatives, in its input's, and in
                                                // its input's values.
    std::vector<int32_t> elements;              // Of a patch.
    int64_t matrix = 0;                         // Offset of the packed matrix in the state.
  };
  void AddClasses(const ImageShape& in, int64_t delta_line, int64_t in_line, int64_t in_delta_line);
  PatchElements ElementsOf(int64_t piece) const;  // Whose gradients are in the piece.
  int32_t DepthOf(const Class& c) const { return static_cast<int32_t>(c.rows.size() * c.columns.size()) * filters_; }
  const Node node_;
  const int32_t channels_, filters_, depth_;
  int64_t pixels_ = 0;
  std::vector<int32_t> patches_, outs_, deltas_;  // Offsets, a pixel of the output: of its patch in the input; in the
                                                  // output; in its derivatives.
  std::vector<int32_t> elements_;                 // Of a patch.
  std::vector<Class> classes_;
  int64_t piece_rows_ = 0;
  // In the state: the weights, packed; a class' weights, turned round and packed; room for those before packing.
  int64_t turned_ = 0, state_size_ = 0;
};

}  // namespace basin::worker::train
