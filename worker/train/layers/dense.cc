#include "worker/train/layers/dense.h"

#include <algorithm>

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
      piece_rows_(std::max<int64_t>(kPieceElements / outputs_ / 6, 1) * 6) {}

template <typename T>
int64_t Dense<T>::StateSize() const {
  return transposes_ ? outputs_ * RoundUp(inputs_) : 0;
}

template <typename T>
Matrix<T> Dense<T>::Weights(const Pass<T>& pass) const {
  return {pass.params + node_.weights, outputs_, inputs_, outputs_};
}

template <typename T>
ChainStart<T> Dense<T>::Biases(const Pass<T>& pass) const {
  return {node_.has_bias ? pass.params + node_.biases : nullptr};
}

template <typename T>
Matrix<T> Dense<T>::Transposed(const Pass<T>& pass) const {
  return {pass.state, RoundUp(inputs_), outputs_, inputs_};
}

template <typename T>
void Dense<T>::Prepare(const Pass<T>& pass) const {
  if (!transposes_ || !pass.differentiated) return;
  Transpose<T>(pass.params + node_.weights, inputs_, outputs_, 0, outputs_, pass.state, RoundUp(inputs_));
}

template <typename T>
void Dense<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  T* out = pass.out.at(first);
  MultiplyRows<T>(pass.in[0].rows + first, count, Weights(pass), Biases(pass),
                  node_.activation == Activation::kRelu ? Finish::kRelu : Finish::kNone, nullptr,
                  {out, pass.out.stride});
  if (node_.activation == Activation::kTanh) ApplyTanh(out, count * pass.out.stride);
}

template <typename T>
void Dense<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  // Values and derivatives of a dense layer's input lie in the same way.
  MultiplyRows<T>(pass.out_deltas.rows + first, count, Transposed(pass), {nullptr, edge.accumulate}, edge.finish,
                  edge.finish == Finish::kNone ? nullptr : pass.in[0].at(first),
                  {pass.in_deltas[0].at(first), pass.in_deltas[0].stride});
}

// (x W + b)' = x W' + b' + x' W.
template <typename T>
void Dense<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  const bool varies = pass.edges[0].wanted;
  const Finish gate = GateOf(node_.activation);
  const T* values = gate == Finish::kNone ? nullptr : pass.out.at(first);
  const RowBlock<T> out{tangent.out.at(first), tangent.out.stride};
  MultiplyRows<T>(pass.in[0].rows + first, count, Weights(tangent), Biases(tangent), varies ? Finish::kNone : gate,
                  varies ? nullptr : values, out);
  if (varies) {
    MultiplyRows<T>(tangent.in[0].rows + first, count, Weights(pass), {nullptr, true}, gate, values, out);
  }
}

// (d W^T)' = d' W^T + d W'^T.
template <typename T>
void Dense<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const RowBlock<T> to{tangent.in_deltas[0].at(first), tangent.in_deltas[0].stride};
  MultiplyRows<T>(tangent.out_deltas.rows + first, count, Transposed(pass), {nullptr, edge.accumulate}, Finish::kNone,
                  nullptr, to);
  MultiplyRows<T>(pass.out_deltas.rows + first, count, Transposed(tangent), {nullptr, true}, edge.finish,
                  edge.finish == Finish::kNone ? nullptr : pass.in[0].at(first), to);
}

template <typename T>
std::vector<PiecePart> Dense<T>::PieceParts(int64_t piece) const {
  // The last piece has the biases.
  const int64_t begin = piece * piece_rows_;
  const int64_t end = piece + 1 == pieces() ? int64_t{inputs_} + node_.has_bias : begin + piece_rows_;
  return {{begin * outputs_, end * outputs_}};
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

// (x^T d)' = x^T d' + x'^T d.
template <typename T>
void Dense<T>::GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count,
                               bool accumulate, T* result) const {
  Gradient(pass.WithDeltasOf(tangent), piece, count, accumulate, result);
  if (!pass.edges[0].wanted) return;
  const int64_t begin = piece * piece_rows_, end = std::min<int64_t>(begin + piece_rows_, inputs_);
  MultiplyTransposed<T>(tangent.in[0].rows, count, pass.out_deltas.data, pass.out_deltas.stride, outputs_, begin, end,
                        true, result);
}

template class Dense<float>;
template class Dense<double>;

}  // namespace basin::worker::train
