#include "worker/train/network_plan.h"

#include <algorithm>
#include <limits>

namespace basin::worker::train {
namespace {

// Bytes of the values of the rows that go through the network together, and of a block's between two nodes: about half
// of a core's second-level cache. Values count as floats, so that gradient checks in double take the same order.
constexpr int64_t kChunkBytes = int64_t{256} << 20;
constexpr int64_t kBlockBytes = int64_t{512} << 10;

constexpr int64_t kMostChunkRows = 512, kFewestChunkRows = 16;
constexpr int64_t kMostBlockRows = 48;

}  // namespace

NetworkPlan PlanOf(const NetworkShape& shape) {
  NetworkPlan plan;
  const auto count = static_cast<int32_t>(shape.nodes.size());
  int64_t greatest = 1;
  plan.stages.push_back({1, count});
  for (int32_t n = 1; n < count; ++n) {
    const Node& node = shape.nodes[static_cast<size_t>(n)];
    greatest = std::max(greatest, node.output.size());
    if (node.kind != NodeKind::kBatchNorm) continue;
    plan.stages.back().end = n;
    plan.stages.push_back({n, count});
  }
  plan.edges.resize(shape.nodes.size());
  std::vector<NetworkPlan::Edge*> last(shape.nodes.size(), nullptr);
  for (int32_t n = count - 1; n > 0; --n) {
    const Node& node = shape.nodes[static_cast<size_t>(n)];
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const auto input = static_cast<size_t>(node.inputs[k]);
      NetworkPlan::Edge& edge = plan.edges[static_cast<size_t>(n)][k];
      edge.wanted = shape.nodes[input].needs_delta;
      edge.first = last[input] == nullptr;
      last[input] = &edge;
    }
  }
  for (NetworkPlan::Edge* edge : last) {
    if (edge != nullptr) edge->last = true;
  }
  const int64_t bytes = std::max<int64_t>(shape.values_per_example(), 1) * static_cast<int64_t>(sizeof(float));
  plan.evaluation_rows = std::clamp(kChunkBytes / 4 / bytes, kFewestChunkRows, kMostChunkRows);
  plan.chunk_rows = shape.has_batch_norm() ? std::numeric_limits<int64_t>::max()
                                           : std::clamp(kChunkBytes / bytes, kFewestChunkRows, kMostChunkRows);
  plan.block_rows =
      std::clamp<int64_t>(kBlockBytes / (2 * greatest * static_cast<int64_t>(sizeof(float))), 1, kMostBlockRows);
  return plan;
}

}  // namespace basin::worker::train
