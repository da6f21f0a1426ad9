#pragma once

#include <vector>

#include "worker/train/layers/layer.h"

namespace basin::worker::train {

// out = activation(x W + b), on all values of an example.
template <typename T>
class Dense final : public Layer<T> {
 public:
  Dense(const NetworkShape& shape, const Node& node);

  int64_t StateSize() const override;
  void Prepare(const Pass<T>& pass) const override;
  void Forward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void Backward(const Pass<T>& pass, int64_t first, int64_t count) const override;
  void ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  void BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const override;
  int64_t pieces() const override { return (inputs_ + piece_rows_ - 1) / piece_rows_; }
  std::vector<PiecePart> PieceParts(int64_t piece) const override;
  void Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const override;
  void GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count, bool accumulate,
                       T* result) const override;

 private:
  // Of the pass' parameters.
  Matrix<T> Weights(const Pass<T>& pass) const;
  ChainStart<T> Biases(const Pass<T>& pass) const;
  Matrix<T> Transposed(const Pass<T>& pass) const;

  const Node node_;
  const int32_t inputs_, outputs_;
  const bool transposes_;  // The gradient by the input is wanted.
  const int64_t piece_rows_;
};

}  // namespace basin::worker::train
