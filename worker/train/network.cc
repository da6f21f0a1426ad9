#include "worker/train/network.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "worker/train/network_portions.h"
#include "worker/train/softmax_loss.h"

namespace basin::worker::train {
namespace {

template <typename T>
std::vector<std::unique_ptr<Layer<T>>> LayersOf(const NetworkShape& shape) {
  std::vector<std::unique_ptr<Layer<T>>> layers(1);
  for (size_t n = 1; n < shape.nodes.size(); ++n) {
    const Node& node = shape.nodes[n];
    if (node.kind == NodeKind::kBatchNorm) {
      layers.push_back(std::make_unique<BatchNormLayer<T>>(shape, node));
    } else {
      layers.push_back(MakeLayer<T>(shape, node));
    }
  }
  return layers;
}

}  // namespace

template <typename T>
Network<T>::Network(NetworkShape shape, const Loss& loss)
    : shape_(std::move(shape)),
      plan_(PlanOf(shape_)),
      loss_(loss),
      multiply_adds_(shape_.multiply_adds()),
      layers_(LayersOf<T>(shape_)) {}

template <typename T>
void Network<T>::Begin(const T* params, const Mode& mode, Workspace& workspace) const {
  for (size_t n = 1; n < layers_.size(); ++n) {
    Pass<T>& pass = workspace.passes_[n];
    pass.params = params;
    pass.training = mode.training;
    pass.differentiated = mode.differentiated;
    layers_[n]->Prepare(pass);
  }
}

template <typename T>
void Network<T>::BeginEvaluation(const T* params, const T* buffers, bool differentiated, Workspace& workspace) const {
  if (buffers == nullptr && shape_.has_batch_norm()) std::abort();
  Begin(params, {.training = false, .differentiated = differentiated}, workspace);
  for (size_t s = 1; s < plan_.stages.size(); ++s) {
    const Stage& stage = plan_.stages[s];
    norm(stage).TakeAverages(workspace.passes_[static_cast<size_t>(stage.begin)], buffers);
  }
}

template <typename T>
void Network<T>::TakeChunk(const Batch<T>& batch, int64_t start, Workspace& workspace) const {
  const bool copied = shape_.nodes.front().border > 0;
  for (size_t n = 1; n < layers_.size(); ++n) {
    Pass<T>& pass = workspace.passes_[n];
    const Node& node = shape_.nodes[n];
    if (node.kind == NodeKind::kDropout) {
      pass.draw = batch.draw;
      pass.draw.first_row += start;
    }
    for (size_t k = 0; k < node.inputs.size() && !copied; ++k) {
      if (node.inputs[k] == 0) pass.in[k].rows = batch.rows + start;
    }
  }
  workspace.chunk_rows_ = batch.rows + start;
}

template <typename T>
void Network<T>::ForwardBlock(const Stage& stage, const Rows& rows, Workspace& workspace) const {
  const Node& input = shape_.nodes.front();
  if (stage.begin == 1 && input.border > 0) workspace.CopyExamples(input, rows.begin, rows.end);
  for (int32_t n = stage.begin; n < stage.end; ++n) {
    layer(n).Forward(workspace.passes_[static_cast<size_t>(n)], rows.begin, rows.end - rows.begin);
  }
}

// The stage's nodes from the last on; but of a batch norm, with which it begins, only the statistics.
template <typename T>
void Network<T>::BackwardBlock(const Stage& stage, const Rows& rows, Workspace& workspace) const {
  const int64_t count = rows.end - rows.begin;
  const bool has_norm = &stage != &plan_.stages.front();
  for (int32_t n = stage.end - 1; n >= stage.begin + has_norm; --n) {
    layer(n).Backward(workspace.passes_[static_cast<size_t>(n)], rows.begin, count);
  }
  if (has_norm) norm(stage).MeasureDeltas(workspace.passes_[static_cast<size_t>(stage.begin)], rows.begin, count);
}

template <typename T>
void Network<T>::ForwardToLastStage(T* buffers, int64_t count, double momentum, Workspace& workspace,
                                    ThreadPool* pool) const {
  for (size_t s = 0; s + 1 < plan_.stages.size(); ++s) {
    const BatchNormLayer<T>& next = norm(plan_.stages[s + 1]);
    const Pass<T>& next_pass = workspace.passes_[static_cast<size_t>(plan_.stages[s + 1].begin)];
    ForBlocks(pool, count, [&](const Rows& rows) {
      ForwardBlock(plan_.stages[s], rows, workspace);
      next.Measure(next_pass, rows.begin, rows.end - rows.begin);
    });
    next.Combine(next_pass, count, momentum < 0 ? next.momentum() : momentum, buffers);
  }
}

template <typename T>
void Network<T>::GradientOfStage(size_t stage, int64_t count, bool accumulate, bool is_last, T* gradient,
                                 Workspace& workspace, ThreadPool* pool, GradientConsumer<T>* consumer) const {
  ForPieces(pool, stage, count, workspace, [&](int thread, const auto& piece) {
    const Pass<T>& pass = workspace.passes_[static_cast<size_t>(piece.node)];
    ComputePiece(
        piece.parts, gradient, accumulate, workspace.scratch_[static_cast<size_t>(thread)].data(),
        [&](T* to, bool adds) { layer(piece.node).Gradient(pass, piece.number, count, adds, to); },
        [&](const PiecePart& part, const T* elements) {
          if (consumer == nullptr || !is_last) return;
          consumer->Consume(static_cast<size_t>(part.begin), static_cast<size_t>(part.end), elements);
        });
  });
}

template <typename T>
double Network<T>::LossAndGradient(const T* params, T* buffers, const Batch<T>& batch, T* gradient,
                                   Workspace& workspace, ThreadPool* pool, GradientConsumer<T>* consumer) const {
  const int64_t chunk_rows = plan_.chunk_rows;
  if (std::min(batch.count, chunk_rows) > workspace.rows_) std::abort();
  if (gradient == nullptr && (consumer == nullptr || batch.count > chunk_rows)) std::abort();
  if (buffers == nullptr && shape_.has_batch_norm()) std::abort();
  Begin(params, {.training = true, .differentiated = true}, workspace);
  const T scale = T(1) / static_cast<T>(batch.count);
  const Values<T>& logits = workspace.passes_.back().out;
  double total = 0;
  for (int64_t start = 0, chunk = 0; start < batch.count; start += chunk) {
    chunk = std::min(chunk_rows, batch.count - start);
    const bool is_last = start + chunk == batch.count;
    TakeChunk(batch, start, workspace);
    ForwardToLastStage(buffers, chunk, -1, workspace, pool);
    ForBlocks(pool, chunk, [&](const Rows& rows) {
      ForwardBlock(plan_.stages.back(), rows, workspace);
      LossGradient<T>(loss_, logits.at(rows.begin), logits.stride, batch.labels + start + rows.begin,
                      rows.end - rows.begin, shape_.classes(), scale, workspace.losses_.data() + rows.begin);
      BackwardBlock(plan_.stages.back(), rows, workspace);
    });
    for (int64_t r = 0; r < chunk; ++r) total += static_cast<double>(workspace.losses_[static_cast<size_t>(r)]);
    for (size_t s = plan_.stages.size(); s-- > 0;) {
      if (s + 1 < plan_.stages.size()) {
        const Stage& after = plan_.stages[s + 1];
        ForBlocks(pool, chunk, [&](const Rows& rows) {
          norm(after).Backward(workspace.passes_[static_cast<size_t>(after.begin)], rows.begin, rows.end - rows.begin);
          BackwardBlock(plan_.stages[s], rows, workspace);
        });
      }
      if (s > 0) {
        const Stage& stage = plan_.stages[s];
        norm(stage).CombineDeltas(workspace.passes_[static_cast<size_t>(stage.begin)], chunk);
      }
      GradientOfStage(s, chunk, start > 0, is_last, gradient, workspace, pool, consumer);
    }
  }
  return total / static_cast<double>(batch.count);
}

template <typename T>
void Network<T>::UpdateBuffers(const T* params, T* buffers, const Batch<T>& batch, double momentum,
                               Workspace& workspace, ThreadPool* pool) const {
  if (!shape_.has_batch_norm()) return;
  if (batch.count > workspace.rows_) std::abort();
  Begin(params, {.training = true, .differentiated = false}, workspace);
  TakeChunk(batch, 0, workspace);
  ForwardToLastStage(buffers, batch.count, momentum, workspace, pool);
}

template <typename T>
template <typename Judge>
void Network<T>::EvaluateChunk(const Batch<T>& batch, int64_t start, int64_t count, Workspace& workspace,
                               ThreadPool* pool, const Judge& judge) const {
  TakeChunk(batch, start, workspace);
  ForBlocks(pool, count, [&](const Rows& rows) {
    for (const Stage& stage : plan_.stages) ForwardBlock(stage, rows, workspace);
    judge(rows);
  });
}

template <typename T>
typename Network<T>::Score Network<T>::Evaluate(const T* params, const T* buffers, const Batch<T>& batch,
                                                Workspace& workspace, ThreadPool* pool) const {
  BeginEvaluation(params, buffers, false, workspace);
  const Values<T>& logits = workspace.passes_.back().out;
  double total = 0;
  int64_t correct = 0;
  for (int64_t start = 0, chunk = 0; start < batch.count; start += chunk) {
    chunk = std::min(workspace.rows_, batch.count - start);
    EvaluateChunk(batch, start, chunk, workspace, pool, [&](const Rows& rows) {
      EvaluateLoss<T>(loss_, logits.at(rows.begin), logits.stride, batch.labels + start + rows.begin,
                      rows.end - rows.begin, shape_.classes(), workspace.losses_.data() + rows.begin,
                      workspace.correct_.data() + rows.begin);
    });
    for (int64_t r = 0; r < chunk; ++r) {
      total += static_cast<double>(workspace.losses_[static_cast<size_t>(r)]);
      correct += workspace.correct_[static_cast<size_t>(r)];
    }
  }
  return {total / static_cast<double>(batch.count), static_cast<double>(correct) / static_cast<double>(batch.count)};
}

template <typename T>
void Network<T>::Predict(const T* params, const T* buffers, const Batch<T>& batch, T* probabilities, T* losses,
                         Workspace& workspace, ThreadPool* pool) const {
  BeginEvaluation(params, buffers, false, workspace);
  const Values<T>& logits = workspace.passes_.back().out;
  const int32_t classes = shape_.classes();
  for (int64_t start = 0, chunk = 0; start < batch.count; start += chunk) {
    chunk = std::min(workspace.rows_, batch.count - start);
    EvaluateChunk(batch, start, chunk, workspace, pool, [&](const Rows& rows) {
      const int64_t count = rows.end - rows.begin, first = start + rows.begin;
      SoftmaxCrossEntropy<T>(logits.at(rows.begin), logits.stride, batch.labels + first, count, classes, losses + first,
                             workspace.correct_.data() + rows.begin);
      Softmax<T>(logits.at(rows.begin), logits.stride, count, classes);
      for (int64_t r = 0; r < count; ++r) {
        std::copy_n(logits.at(rows.begin + r), classes, probabilities + (first + r) * classes);
      }
    });
  }
}

template class Network<float>;
template class Network<double>;

}  // namespace basin::worker::train
