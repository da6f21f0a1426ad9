// The Hessian of a network's loss times a direction, and the gradient, as evaluation sees the network.

#include <algorithm>
#include <cstdlib>

#include "worker/train/layers/elementwise.h"
#include "worker/train/network.h"
#include "worker/train/network_portions.h"

namespace basin::worker::train {
namespace {

// Completes the rates of change of a node's derivatives. These are d = (1 - y^2) s, where whoever gave them multiplied
// by the tanh's derivative, and only (1 - y^2) s' stands there yet: adds (1 - y^2)' s = -2 y y' d / (1 - y^2). Where
// the tanh is saturated y' is zero with 1 - y^2.
template <typename T>
void AddTanhBend(const ImageShape& shape, const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) {
  const Packet<T> one = Broadcast<T>(T(1)), least = Broadcast<T>(T(1e-30));
  for (int64_t i = first; i < first + count; ++i) {
    ForEachPacket<T>(shape, pass.out.line, pass.out_deltas.line, [&](int64_t v, int64_t d, int64_t remaining) {
      const Packet<T> y = Load(pass.out.at(i) + v);
      const Packet<T> slope = packet::pmax(packet::psub(one, packet::pmul(y, y)), least);
      const Packet<T> twice = packet::padd(y, y);
      const Packet<T> bend = packet::pdiv(
          packet::pmul(packet::pmul(twice, Load(tangent.out.at(i) + v)), Load(pass.out_deltas.at(i) + d)), slope);
      T* to = tangent.out_deltas.at(i) + d;
      StoreLanes<T>(to, packet::psub(Load(to), bend), remaining);
    });
  }
}

}  // namespace

template <typename T>
void Network<T>::DifferentiateBlock(const Batch<T>& batch, int64_t start, const Rows& rows, T scale,
                                    Workspace& workspace, Workspace* tangents) const {
  const int64_t count = rows.end - rows.begin;
  const auto nodes = static_cast<int32_t>(layers_.size());
  for (const Stage& stage : plan_.stages) ForwardBlock(stage, rows, workspace);
  const Values<T>& logits = workspace.passes_.back().out;
  if (tangents != nullptr) {
    for (int32_t n = 1; n < nodes; ++n) {
      const auto place = static_cast<size_t>(n);
      if (!shape_.nodes[place].needs_delta) continue;
      layer(n).ForwardTangent(workspace.passes_[place], tangents->passes_[place], rows.begin, count);
    }
    LossGradientTangent<T>(loss_, logits.at(rows.begin), tangents->passes_.back().out.at(rows.begin), logits.stride,
                           count, shape_.classes(), scale);
  }
  LossGradient<T>(loss_, logits.at(rows.begin), logits.stride, batch.labels + start + rows.begin, count,
                  shape_.classes(), scale, workspace.losses_.data() + rows.begin);
  for (int32_t n = nodes - 1; n > 0; --n) {
    const auto place = static_cast<size_t>(n);
    const Node& node = shape_.nodes[place];
    if (!node.needs_delta) continue;
    const Pass<T>& pass = workspace.passes_[place];
    layer(n).Backward(pass, rows.begin, count);
    if (tangents == nullptr) {
      if (node.kind != NodeKind::kBatchNorm) continue;
      static_cast<const BatchNormLayer<T>&>(layer(n)).MeasureDeltas(pass, rows.begin, count);
      continue;
    }
    const Pass<T>& tangent = tangents->passes_[place];
    if (node.activation == Activation::kTanh && node.kind != NodeKind::kActivation) {
      AddTanhBend<T>(node.output, pass, tangent, rows.begin, count);
    }
    layer(n).BackwardTangent(pass, tangent, rows.begin, count);
  }
}

template <typename T>
double Network<T>::DifferentiateEvaluation(const T* params, const T* buffers, const Batch<T>& batch, const T* direction,
                                           T* result, Workspace& workspace, Workspace* tangents,
                                           ThreadPool* pool) const {
  BeginEvaluation(params, buffers, true, workspace);
  if (tangents != nullptr) BeginEvaluation(direction, buffers, true, *tangents);
  const T scale = T(1) / static_cast<T>(batch.count);
  double total = 0;
  for (int64_t start = 0, chunk = 0; start < batch.count; start += chunk) {
    chunk = std::min(plan_.evaluation_rows, batch.count - start);
    TakeChunk(batch, start, workspace);
    ForBlocks(pool, chunk,
              [&](const Rows& rows) { DifferentiateBlock(batch, start, rows, scale, workspace, tangents); });
    for (int64_t r = 0; r < chunk; ++r) total += static_cast<double>(workspace.losses_[static_cast<size_t>(r)]);
    for (size_t s = 0; s < plan_.stages.size(); ++s) {
      if (s > 0) {
        const Stage& stage = plan_.stages[s];
        norm(stage).CombineDeltas(
            (tangents == nullptr ? workspace : *tangents).passes_[static_cast<size_t>(stage.begin)], chunk);
      }
      ForPieces(pool, s, chunk, workspace, [&](int thread, const auto& piece) {
        const auto place = static_cast<size_t>(piece.node);
        const Pass<T>& pass = workspace.passes_[place];
        const Layer<T>& of = layer(piece.node);
        const auto compute = [&](T* to, bool adds) {
          if (tangents == nullptr) return of.Gradient(pass, piece.number, chunk, adds, to);
          of.GradientTangent(pass, tangents->passes_[place], piece.number, chunk, adds, to);
        };
        ComputePiece(piece.parts, result, start > 0, workspace.scratch_[static_cast<size_t>(thread)].data(), compute,
                     [](const PiecePart&, const T*) {});
      });
    }
  }
  return total / static_cast<double>(batch.count);
}

template <typename T>
double Network<T>::EvaluateGradient(const T* params, const T* buffers, const Batch<T>& batch, T* gradient,
                                    Workspace& workspace, ThreadPool* pool) const {
  return DifferentiateEvaluation(params, buffers, batch, nullptr, gradient, workspace, nullptr, pool);
}

template <typename T>
void Network<T>::EvaluateHessianProduct(const T* params, const T* buffers, const Batch<T>& batch, const T* direction,
                                        T* product, Workspace& workspace, Workspace& tangents, ThreadPool* pool) const {
  DifferentiateEvaluation(params, buffers, batch, direction, product, workspace, &tangents, pool);
}

#define BASIN_INSTANTIATE(T)                                                                                      \
  template double Network<T>::EvaluateGradient(const T*, const T*, const Batch<T>&, T*, Workspace&, ThreadPool*)  \
      const;                                                                                                      \
  template void Network<T>::EvaluateHessianProduct(const T*, const T*, const Batch<T>&, const T*, T*, Workspace&, \
                                                   Workspace&, ThreadPool*) const;
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
