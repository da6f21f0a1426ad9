#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/layers/batch_norm.h"
#include "worker/train/layers/layer.h"
#include "worker/train/loss.h"
#include "worker/train/network_plan.h"
#include "worker/train/network_shape.h"
#include "worker/train/network_workspace.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// Labelled rows, gathered by pointer: row i is the features of an example.
template <typename T>
struct Batch {
  const T* const* rows;
  const int32_t* labels;
  int64_t count;
  Draw draw = {};  // What dropouts draw in training.
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

// Loss and gradient of a network as functions of its flat vectors of parameters and of buffers (the running averages of
// batch norms; see NetworkShape). Immutable; what a computation needs besides is in a Workspace of the caller. T is
// float, or double for gradient checks.
//
// Results are the same bits for any thread count. Nothing is allocated but by the Workspace's constructor.
template <typename T>
class Network {
 public:
  using Workspace = NetworkWorkspace<T>;

  explicit Network(NetworkShape shape, const Loss& loss = {});
  const NetworkShape& shape() const { return shape_; }
  const NetworkPlan& plan() const { return plan_; }
  const Layer<T>& layer(int32_t node) const { return *layers_[static_cast<size_t>(node)]; }

  // Mean loss over the batch, and its gradient in `gradient`. Running averages take the batch's statistics; `buffers`
  // may be null for a network that has none. `pool` and `consumer` may be null. `gradient` may be null when there is a
  // consumer and the batch has at most plan().chunk_rows rows: then the gradient exists in pieces alone, that do not
  // leave the cache. REQUIRES: the batch has at most chunk_rows rows, or the network no batch norm.
  double LossAndGradient(const T* params, T* buffers, const Batch<T>& batch, T* gradient, Workspace& workspace,
                         ThreadPool* pool, GradientConsumer<T>* consumer) const;

  struct Score {
    double loss;      // Mean over the rows, without label smoothing.
    double accuracy;  // Share of rows whose greatest logit is the label's.
  };
  // Without dropout, and with the running averages. `buffers` as above.
  Score Evaluate(const T* params, const T* buffers, const Batch<T>& batch, Workspace& workspace,
                 ThreadPool* pool) const;

  // What Evaluate averages, a row each, of a network whose loss is cross entropy: the probabilities of the classes,
  // rows x classes, and the loss.
  void Predict(const T* params, const T* buffers, const Batch<T>& batch, T* probabilities, T* losses,
               Workspace& workspace, ThreadPool* pool) const;

  // What Evaluate measures, as a function of the parameters alone that is minimized: mean loss over the batch, with
  // label smoothing, without dropout, and with the running averages as they are. Its value, and its gradient in
  // `gradient`. A batch may have any number of rows, whatever the workspace's.
  double EvaluateGradient(const T* params, const T* buffers, const Batch<T>& batch, T* gradient, Workspace& workspace,
                          ThreadPool* pool) const;

  // The Hessian of that function times `direction` (readable like the parameters) in `product`, exactly, in the time of
  // 1.5 to 3 gradients: forward and backward along the direction beside forward and backward (Pearlmutter 1994). A
  // ReLU's kink and a pool's switch count as flat. `tangents` is a second workspace.
  void EvaluateHessianProduct(const T* params, const T* buffers, const Batch<T>& batch, const T* direction, T* product,
                              Workspace& workspace, Workspace& tangents, ThreadPool* pool) const;

  // Lets the running averages take the statistics of a batch with weight `momentum`, and does nothing else. With
  // momentum 1 / k at the k-th batch they become the mean over the batches (PyTorch update_bn, for averaged weights).
  void UpdateBuffers(const T* params, T* buffers, const Batch<T>& batch, double momentum, Workspace& workspace,
                     ThreadPool* pool) const;

 private:
  using Stage = NetworkPlan::Stage;
  struct Rows {  // Of a chunk.
    int64_t begin, end;
  };

  const BatchNormLayer<T>& norm(const Stage& stage) const {
    return static_cast<const BatchNormLayer<T>&>(layer(stage.begin));
  }
  struct Mode {  // Of a pass; see Pass.
    bool training, differentiated;
  };
  void Begin(const T* params, const Mode& mode, Workspace& workspace) const;
  // The same without training, and with the running averages.
  void BeginEvaluation(const T* params, const T* buffers, bool differentiated, Workspace& workspace) const;
  // Calls task(rows) for blocks of the rows 0 .. count - 1.
  template <typename Task>
  void ForBlocks(ThreadPool* pool, int64_t count, const Task& task) const;
  // Calls task(thread, piece) for the pieces of a stage's gradient by `count` rows.
  template <typename Task>
  void ForPieces(ThreadPool* pool, size_t stage, int64_t count, const Workspace& workspace, const Task& task) const;
  void TakeChunk(const Batch<T>& batch, int64_t start, Workspace& workspace) const;
  void ForwardBlock(const Stage& stage, const Rows& rows, Workspace& workspace) const;
  void BackwardBlock(const Stage& stage, const Rows& rows, Workspace& workspace) const;
  // Calls judge(rows) for blocks of the rows start .. start + count - 1 of the batch, when their logits are there.
  template <typename Judge>
  void EvaluateChunk(const Batch<T>& batch, int64_t start, int64_t count, Workspace& workspace, ThreadPool* pool,
                     const Judge& judge) const;
  // All stages but the last, and the statistics that this begins with. A negative momentum: each norm's own.
  void ForwardToLastStage(T* buffers, int64_t count, double momentum, Workspace& workspace, ThreadPool* pool) const;
  void GradientOfStage(size_t stage, int64_t count, bool accumulate, bool is_last, T* gradient, Workspace& workspace,
                       ThreadPool* pool, GradientConsumer<T>* consumer) const;
  // EvaluateGradient; or, with `tangents`, the Hessian product.
  double DifferentiateEvaluation(const T* params, const T* buffers, const Batch<T>& batch, const T* direction,
                                 T* result, Workspace& workspace, Workspace* tangents, ThreadPool* pool) const;
  void DifferentiateBlock(const Batch<T>& batch, int64_t start, const Rows& rows, T scale, Workspace& workspace,
                          Workspace* tangents) const;

  const NetworkShape shape_;
  const NetworkPlan plan_;
  const Loss loss_;
  const double multiply_adds_;                     // Of an example's way forward.
  std::vector<std::unique_ptr<Layer<T>>> layers_;  // A node each; null for the input.
};
}  // namespace basin::worker::train
