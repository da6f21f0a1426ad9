#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/network_shape.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// Labelled rows, gathered by pointer: row i is the features of an example.
template <typename T>
struct Batch {
  const T* const* rows;
  const int32_t* labels;
  int64_t count;
};

// Takes the gradient as it becomes ready, so that an update finds it in the cache.
template <typename T>
class GradientConsumer {
 public:
  virtual ~GradientConsumer() = default;
  // `piece` has elements begin .. end - 1 of the gradient, and nothing reads these parameters any more. Called once for
  // each element, from the threads of the pool, for different ranges at once.
  virtual void Consume(size_t begin, size_t end, const T* piece) = 0;
};

// Loss and gradient of a network as functions of its flat parameter vector. Immutable; what a computation needs besides
// is in a Workspace of the caller. T is float, or double for gradient checks.
//
// Results are the same bits for any thread count. Nothing is allocated but by the Workspace's constructor.
template <typename T>
class Network {
 public:
  // Rows that go through the network together; longer batches are a sum over chunks of so many, in order.
  static constexpr int64_t kChunkRows = 512;

  explicit Network(NetworkShape shape) : shape_(std::move(shape)) {}
  const NetworkShape& shape() const { return shape_; }

  class Workspace {
   public:
    // For computations on up to `rows` rows at a time (more than kChunkRows are never needed at once), with pools of up
    // to `threads`.
    Workspace(const NetworkShape& shape, int64_t rows, int threads);

   private:
    friend class Network;
    struct Layer {
      AlignedBuffer<T> outputs;     // rows x stride.
      AlignedBuffer<T> deltas;      // Derivatives by the layer's sums; the last layer's replace its outputs.
      AlignedBuffer<T> transposed;  // W^T, outputs x transposed_stride; empty for the first layer.
      std::vector<const T*> output_rows, delta_rows;
      int64_t stride = 0, transposed_stride = 0;
      T* deltas_or_outputs() { return deltas.size() != 0 ? deltas.data() : outputs.data(); }
    };
    struct Piece {  // Of the work on gradients: rows begin .. end - 1 of a layer's weights; the last one has the
                    // biases.
      int32_t layer;
      int64_t begin, end;
    };
    static size_t ElementsOf(const Piece& piece, const DenseLayer& dense) {
      return static_cast<size_t>((piece.end - piece.begin + (piece.end == dense.inputs)) * dense.outputs);
    }
    int64_t rows_;
    std::vector<Layer> layers_;
    std::vector<Piece> pieces_;
    std::vector<AlignedBuffer<T>> scratch_;  // A piece of the gradient, for each thread.
    AlignedBuffer<T> losses_;
    std::vector<uint8_t> correct_;
  };

  // Mean loss over the batch, and its gradient in `gradient`. `pool` and `consumer` may be null. `gradient` may be null
  // when there is a consumer and the batch has at most kChunkRows rows: then the gradient exists in pieces alone, that
  // do not leave the cache.
  double LossAndGradient(const T* params, const Batch<T>& batch, T* gradient, Workspace& workspace, ThreadPool* pool,
                         GradientConsumer<T>* consumer) const;

  struct Score {
    double loss;      // Mean over the rows.
    double accuracy;  // Share of rows whose greatest logit is the label's.
  };
  Score Evaluate(const T* params, const Batch<T>& batch, Workspace& workspace, ThreadPool* pool) const;

 private:
  using Layer = typename Workspace::Layer;
  using Piece = typename Workspace::Piece;
  void Forward(const T* params, const T* const* rows, int64_t first, int64_t count, Workspace& workspace) const;
  void Backward(int64_t first, int64_t count, Workspace& workspace) const;
  void GradientOfPiece(const Piece& piece, const T* const* rows, int64_t count, bool accumulate, T* result,
                       Workspace& workspace) const;
  void TransposeWeights(const T* params, Workspace& workspace) const;

  NetworkShape shape_;
};

}  // namespace basin::worker::train
