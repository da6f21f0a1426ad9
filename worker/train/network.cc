#include "worker/train/network.h"

#include <algorithm>
#include <cstdlib>

#include "worker/train/product.h"
#include "worker/train/softmax_loss.h"

namespace basin::worker::train {
namespace {

// Rows that one thread takes through all layers before the next: their activations stay in its cache.
constexpr int64_t kBlockRows = 48;

// Elements of the gradient that are computed and then updated together: they stay in the first-level cache.
constexpr int64_t kPieceElements = 4096;

// Multiply-adds below which a fork and join costs more than it saves.
constexpr double kForkWork = 400e3;

int64_t RoundUp(int64_t n) { return (n + 15) / 16 * 16; }

// Calls task(thread, begin, end) for ranges that cover 0 .. count - 1, in parallel if `work` (multiply-adds in all)
// pays for it.
template <typename Task>
void ForRanges(ThreadPool* pool, double work, int64_t count, const Task& task) {
  if (pool == nullptr || pool->threads() == 1 || work < kForkWork || count < 2) {
    task(0, int64_t{0}, count);
    return;
  }
  const int64_t threads = pool->threads();
  pool->Run([&](int index) {
    const int64_t begin = count * index / threads, end = count * (index + 1) / threads;
    if (begin < end) task(index, begin, end);
  });
}

}  // namespace

template <typename T>
Network<T>::Workspace::Workspace(const NetworkShape& shape, int64_t rows, int threads)
    : rows_(std::min(rows, kChunkRows)), layers_(shape.layers.size()), losses_(rows_), correct_(rows_) {
  size_t greatest_piece = 0;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const DenseLayer& dense = shape.layers[i];
    Layer& layer = layers_[i];
    layer.stride = RoundUp(dense.outputs);
    layer.outputs = AlignedBuffer<T>(rows_ * layer.stride);
    if (i + 1 < layers_.size()) layer.deltas = AlignedBuffer<T>(rows_ * layer.stride);
    if (i > 0) {
      layer.transposed_stride = RoundUp(dense.inputs);
      layer.transposed = AlignedBuffer<T>(dense.outputs * layer.transposed_stride);
    }
    for (int64_t r = 0; r < rows_; ++r) {
      layer.output_rows.push_back(layer.outputs.data() + r * layer.stride);
      layer.delta_rows.push_back(layer.deltas_or_outputs() + r * layer.stride);
    }
    const int64_t piece_rows = std::max<int64_t>(kPieceElements / dense.outputs / 6, 1) * 6;
    const int64_t pieces = (dense.inputs + piece_rows - 1) / piece_rows;
    for (int64_t p = 0; p < pieces; ++p) {
      pieces_.push_back(
          {static_cast<int32_t>(i), p * piece_rows, std::min<int64_t>((p + 1) * piece_rows, dense.inputs)});
      greatest_piece = std::max(greatest_piece, ElementsOf(pieces_.back(), dense));
    }
  }
  for (int t = 0; t < threads; ++t) scratch_.emplace_back(greatest_piece);
}

template <typename T>
void Network<T>::Forward(const T* params, const T* const* rows, int64_t first, int64_t count,
                         Workspace& workspace) const {
  const T* const* inputs = rows + first;
  for (size_t i = 0; i < shape_.layers.size(); ++i) {
    const DenseLayer& dense = shape_.layers[i];
    Layer& layer = workspace.layers_[i];
    T* outputs = layer.outputs.data() + first * layer.stride;
    MultiplyRows<T>(inputs, count, {params + dense.weights, dense.outputs, dense.inputs, dense.outputs},
                    params + dense.biases, dense.activation == Activation::kRelu ? Finish::kRelu : Finish::kNone,
                    nullptr, {outputs, layer.stride});
    if (dense.activation == Activation::kTanh) ApplyTanh(outputs, count * layer.stride);
    inputs = layer.output_rows.data() + first;
  }
}

template <typename T>
void Network<T>::Backward(int64_t first, int64_t count, Workspace& workspace) const {
  for (size_t i = shape_.layers.size() - 1; i > 0; --i) {
    const DenseLayer& dense = shape_.layers[i];
    const Layer& layer = workspace.layers_[i];
    Layer& below = workspace.layers_[i - 1];
    const int64_t place = first * below.stride;
    const bool tanh = shape_.layers[i - 1].activation == Activation::kTanh;
    MultiplyRows<T>(layer.delta_rows.data() + first, count,
                    {layer.transposed.data(), layer.transposed_stride, dense.outputs, dense.inputs}, nullptr,
                    tanh ? Finish::kTanhGate : Finish::kReluGate, below.outputs.data() + place,
                    {below.deltas.data() + place, below.stride});
  }
}

// The piece's weights from `result` on, and behind them the biases if they are its.
template <typename T>
void Network<T>::GradientOfPiece(const Piece& piece, const T* const* rows, int64_t count, bool accumulate, T* result,
                                 Workspace& workspace) const {
  const DenseLayer& dense = shape_.layers[piece.layer];
  Layer& layer = workspace.layers_[piece.layer];
  const T* const* inputs = piece.layer == 0 ? rows : workspace.layers_[piece.layer - 1].output_rows.data();
  const T* deltas = layer.deltas_or_outputs();
  MultiplyTransposed<T>(inputs, count, deltas, layer.stride, dense.outputs, piece.begin, piece.end, accumulate, result);
  if (piece.end == dense.inputs) {
    SumRows<T>(deltas, layer.stride, count, dense.outputs, accumulate,
               result + (piece.end - piece.begin) * dense.outputs);
  }
}

template <typename T>
void Network<T>::TransposeWeights(const T* params, Workspace& workspace) const {
  for (size_t i = 1; i < shape_.layers.size(); ++i) {
    const DenseLayer& dense = shape_.layers[i];
    Layer& layer = workspace.layers_[i];
    Transpose<T>(params + dense.weights, dense.inputs, dense.outputs, 0, dense.outputs, layer.transposed.data(),
                 layer.transposed_stride);
  }
}

template <typename T>
double Network<T>::LossAndGradient(const T* params, const Batch<T>& batch, T* gradient, Workspace& workspace,
                                   ThreadPool* pool, GradientConsumer<T>* consumer) const {
  TransposeWeights(params, workspace);
  if (gradient == nullptr && (consumer == nullptr || batch.count > workspace.rows_)) std::abort();
  const T scale = T(1) / static_cast<T>(batch.count);
  const size_t last_layer = shape_.layers.size() - 1;
  double total = 0;
  for (int64_t start = 0; start < batch.count; start += workspace.rows_) {
    const int64_t chunk = std::min(workspace.rows_, batch.count - start);
    const T* const* rows = batch.rows + start;
    const double work = static_cast<double>(chunk) * static_cast<double>(shape_.parameter_count);
    ForRanges(pool, work, chunk, [&](int, int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += kBlockRows) {
        const int64_t count = std::min(kBlockRows, end - first);
        Forward(params, rows, first, count, workspace);
        Layer& logits = workspace.layers_[last_layer];
        SoftmaxCrossEntropyGradient<T>(logits.outputs.data() + first * logits.stride, logits.stride,
                                       batch.labels + start + first, count, shape_.classes(), scale,
                                       workspace.losses_.data() + first);
        Backward(first, count, workspace);
      }
    });
    for (int64_t r = 0; r < chunk; ++r) total += static_cast<double>(workspace.losses_[r]);
    const bool is_last = start + chunk == batch.count;
    ForRanges(pool, work, static_cast<int64_t>(workspace.pieces_.size()), [&](int thread, int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const Piece& piece = workspace.pieces_[p];
        const DenseLayer& dense = shape_.layers[piece.layer];
        const size_t first = dense.weights + static_cast<size_t>(piece.begin * dense.outputs);
        T* result = gradient != nullptr ? gradient + first : workspace.scratch_[thread].data();
        GradientOfPiece(piece, rows, chunk, start > 0, result, workspace);
        if (consumer != nullptr && is_last) {
          consumer->Consume(first, first + workspace.ElementsOf(piece, dense), result);
        }
      }
    });
  }
  return total / static_cast<double>(batch.count);
}

template <typename T>
typename Network<T>::Score Network<T>::Evaluate(const T* params, const Batch<T>& batch, Workspace& workspace,
                                                ThreadPool* pool) const {
  double total = 0;
  int64_t correct = 0;
  for (int64_t start = 0; start < batch.count; start += workspace.rows_) {
    const int64_t chunk = std::min(workspace.rows_, batch.count - start);
    const double work = static_cast<double>(chunk) * static_cast<double>(shape_.parameter_count);
    ForRanges(pool, work, chunk, [&](int, int64_t begin, int64_t end) {
      for (int64_t first = begin; first < end; first += kBlockRows) {
        const int64_t count = std::min(kBlockRows, end - first);
        Forward(params, batch.rows + start, first, count, workspace);
        const Layer& logits = workspace.layers_.back();
        SoftmaxCrossEntropy<T>(logits.outputs.data() + first * logits.stride, logits.stride,
                               batch.labels + start + first, count, shape_.classes(), workspace.losses_.data() + first,
                               workspace.correct_.data() + first);
      }
    });
    for (int64_t r = 0; r < chunk; ++r) {
      total += static_cast<double>(workspace.losses_[r]);
      correct += workspace.correct_[r];
    }
  }
  return {total / static_cast<double>(batch.count), static_cast<double>(correct) / static_cast<double>(batch.count)};
}

template class Network<float>;
template class Network<double>;

}  // namespace basin::worker::train
