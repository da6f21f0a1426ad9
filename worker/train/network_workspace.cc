#include "worker/train/network_workspace.h"

#include <algorithm>

#include "worker/train/layers/layout.h"
#include "worker/train/network.h"

namespace basin::worker::train {

template <typename T>
NetworkWorkspace<T>::NetworkWorkspace(const Network<T>& network, const WorkspaceSize& size)
    : rows_(std::max(std::min(size.batch_rows, network.plan().chunk_rows),
                     std::min(size.evaluated_rows, network.plan().evaluation_rows))),
      rooms_(network.shape().nodes.size()),
      passes_(network.shape().nodes.size()),
      losses_(static_cast<size_t>(rows_)),
      correct_(static_cast<size_t>(rows_)) {
  for (size_t n = 0; n < rooms_.size(); ++n) MakeRoom(network, n);
  for (size_t n = 1; n < rooms_.size(); ++n) MakePass(network, n);
  MakePieces(network, size.threads);
}

template <typename T>
void NetworkWorkspace<T>::MakeRoom(const Network<T>& network, size_t n) {
  const Node& node = network.shape().nodes[n];
  Room& room = rooms_[n];
  const auto make_rows = [&](int32_t border, AlignedBuffer<T>* buffer, std::vector<const T*>* pointers) {
    const Layout layout = LayoutOf(node.output, border);
    *buffer = AlignedBuffer<T>(static_cast<size_t>(rows_ * layout.stride));
    for (int64_t r = 0; r < rows_; ++r) pointers->push_back(buffer->data() + layout.origin + r * layout.stride);
  };
  // The examples are read where they are, if they need no border.
  if (n == 0 && node.border == 0) return;
  make_rows(node.border, &room.values, &room.value_rows);
  if (n == 0) return;
  // The derivatives by the logits replace them.
  if (n + 1 < rooms_.size() && node.needs_delta) make_rows(node.delta_border, &room.deltas, &room.delta_rows);
  const Layer<T>& layer = network.layer(static_cast<int32_t>(n));
  room.state = AlignedBuffer<T>(static_cast<size_t>(layer.StateSize()));
  room.example_state = AlignedBuffer<T>(static_cast<size_t>(layer.ExampleStateSize() * rows_));
}

template <typename T>
void NetworkWorkspace<T>::MakePass(const Network<T>& network, size_t n) {
  const auto values_of = [&](size_t node, bool deltas) -> Values<T> {
    const Node& of = network.shape().nodes[node];
    Room& room = rooms_[node];
    const bool replaced = deltas && node + 1 == rooms_.size();
    const Layout layout = LayoutOf(of.output, deltas && !replaced ? of.delta_border : of.border);
    AlignedBuffer<T>& buffer = deltas && !replaced ? room.deltas : room.values;
    const std::vector<const T*>& rows = deltas && !replaced ? room.delta_rows : room.value_rows;
    if (rows.empty()) return {nullptr, nullptr, layout.stride, layout.line};
    return {rows.data(), buffer.data() + layout.origin, layout.stride, layout.line};
  };
  const Node& node = network.shape().nodes[n];
  Pass<T>& pass = passes_[n];
  for (size_t k = 0; k < node.inputs.size(); ++k) {
    const auto input = static_cast<size_t>(node.inputs[k]);
    const NetworkPlan::Edge& edge = network.plan().edges[n][k];
    pass.in[k] = values_of(input, false);
    pass.in_deltas[k] = values_of(input, true);
    pass.edges[k] = {.wanted = edge.wanted, .accumulate = !edge.first, .finish = Finish::kNone};
    const Node& before = network.shape().nodes[input];
    if (!edge.last || before.kind == NodeKind::kActivation) continue;
    pass.edges[k].finish = GateOf(before.activation);
  }
  pass.out = values_of(n, false);
  pass.out_deltas = values_of(n, true);
  pass.state = rooms_[n].state.data();
  pass.example_state = rooms_[n].example_state.data();
}

template <typename T>
void NetworkWorkspace<T>::MakePieces(const Network<T>& network, int threads) {
  size_t greatest = 0;
  for (const NetworkPlan::Stage& stage : network.plan().stages) {
    std::vector<Piece> pieces;
    double work = 0;
    for (int32_t n = stage.begin; n < stage.end; ++n) {
      const Layer<T>& layer = network.layer(n);
      const Node& node = network.shape().nodes[static_cast<size_t>(n)];
      for (int64_t p = 0; p < layer.pieces(); ++p) {
        size_t size = 0;
        std::vector<PiecePart> parts = layer.PieceParts(p);
        for (PiecePart& part : parts) {
          size += static_cast<size_t>(part.end - part.begin);
          part = {static_cast<int64_t>(node.weights) + part.begin, static_cast<int64_t>(node.weights) + part.end};
        }
        pieces.push_back({n, p, std::move(parts), work});
        work += static_cast<double>(size) * static_cast<double>(node.has_weights() ? node.output.pixels() : 1);
        greatest = std::max(greatest, size);
      }
    }
    pieces_.push_back(std::move(pieces));
    stage_work_.push_back(work);
  }
  for (int t = 0; t < threads; ++t) scratch_.emplace_back(greatest);
}

template <typename T>
void NetworkWorkspace<T>::CopyExamples(const Node& input, int64_t begin, int64_t end) {
  const Layout layout = LayoutOf(input.output, input.border);
  const int64_t length = int64_t{input.output.width} * input.output.channels;
  for (int64_t i = begin; i < end; ++i) {
    T* to = rooms_.front().values.data() + layout.origin + i * layout.stride;
    for (int64_t y = 0; y < input.output.height; ++y) {
      std::copy_n(chunk_rows_[i] + y * length, length, to + y * layout.line);
    }
  }
}

template class NetworkWorkspace<float>;
template class NetworkWorkspace<double>;

}  // namespace basin::worker::train
