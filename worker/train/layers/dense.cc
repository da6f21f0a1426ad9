#include "worker/train/layers/dense.h"

#include <algorithm>
#include <numeric>

#include "worker/train/patch_product.h"

namespace basin::worker::train {
namespace {

// Elements of the gradient that are computed and then updated together: they stay in the first-level cache.
constexpr int64_t kPieceElements = 1536;

int64_t RoundUp(int64_t n) { return (n + 15) / 16 * 16; }

}  // namespace

template <typename T>
Dense<T>::Dense(const NetworkShape& shape, const Node& node)
    : node_(node),
      inputs_(static_cast<int32_t>(node.weight_rows)),
      outputs_(node.output.channels),
      transposes_(shape.nodes[static_cast<size_t>(node.inputs[0])].needs_delta),
      piece_rows_(std::max<int64_t>(kPieceElements / outputs_ / 6, 1) * 6),
      all_outputs_(static_cast<size_t>(outputs_)) {
  std::iota(all_outputs_.begin(), all_outputs_.end(), 0);
}

template <typename T>
int64_t Dense<T>::StateSize() const {
  return transposes_ ? outputs_ * RoundUp(inputs_) : 0;
}

template <typename T>
Matrix<T> Dense<T>::Transposed(const Pass<T>& pass) const {
  return {pass.state, RoundUp(inputs_), outputs_, inputs_};
}

template <typename T>
void Dense<T>::Prepare(const Pass<T>& pass) const {
  if (!transposes_ || !pass.training) return;
  Transpose<T>(pass.params + node_.weights, inputs_, outputs_, 0, outputs_, pass.state, RoundUp(inputs_));
}

template <typename T>
void Dense<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  T* out = pass.out.at(first);
  MultiplyRows<T>(pass.in[0].rows + first, count, {pass.params + node_.weights, outputs_, inputs_, outputs_},
                  node_.has_bias ? pass.params + node_.biases : nullptr,
                  node_.activation == Activation::kRelu ? Finish::kRelu : Finish::kNone, nullptr,
                  {out, pass.out.stride});
  if (node_.activation == Activation::kTanh) ApplyTanh(out, count * pass.out.stride);
}

template <typename T>
void Dense<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const bool gated = edge.finish != Finish::kNone;
  if (!edge.accumulate) {
    // Values and derivatives of a dense layer's input lie in the same way.
    MultiplyRows<T>(pass.out_deltas.rows + first, count, Transposed(pass), nullptr, edge.finish,
                    gated ? pass.in[0].at(first) : nullptr, {pass.in_deltas[0].at(first), pass.in_deltas[0].stride});
    return;
  }
  const int32_t place = 0;
  for (int64_t i = first; i < first + count; ++i) {
    MultiplyPatches<T>({pass.out_deltas.rows[i], &place}, 1, all_outputs_, Transposed(pass), {nullptr, true},
                       edge.finish, {gated ? pass.in[0].rows[i] : nullptr, &place}, {pass.in_deltas[0].at(i), &place});
  }
}

template <typename T>
int64_t Dense<T>::PieceBegin(int64_t piece) const {
  // The last piece has the biases.
  if (piece == pieces()) return (int64_t{inputs_} + node_.has_bias) * outputs_;
  return piece * piece_rows_ * outputs_;
}

template <typename T>
void Dense<T>::Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const {
  const int64_t begin = piece * piece_rows_, end = std::min<int64_t>(begin + piece_rows_, inputs_);
  MultiplyTransposed<T>(pass.in[0].rows, count, pass.out_deltas.data, pass.out_deltas.stride, outputs_, begin, end,
                        accumulate, result);
  if (end == inputs_ && node_.has_bias) {
    SumRows<T>(pass.out_deltas.data, pass.out_deltas.stride, count, outputs_, accumulate,
               result + (end - begin) * outputs_);
  }
}

template class Dense<float>;
template class Dense<double>;

}  // namespace basin::worker::train
