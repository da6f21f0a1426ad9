#include "worker/analysis/loss_plane.h"

#include <algorithm>
#include <utility>

#include "worker/train/product.h"

namespace basin::worker::analysis {
namespace {

using train::NetworkShape;
using train::Node;
using train::NodeKind;

// Examples that go through the rest of the network at once, point after point: the head's sums of so many stay in a
// core's second-level cache.
constexpr int64_t kBlockRows = 96;

int64_t RoundUp(int64_t n) { return (n + 15) / 16 * 16; }

// A dense layer right behind the examples, whose output alone is read by what follows.
bool HasHead(const NetworkShape& shape) {
  const Node& head = shape.nodes[1];
  if (head.kind != NodeKind::kDense || shape.nodes.front().border > 0) return false;
  return std::all_of(shape.nodes.begin() + 2, shape.nodes.end(), [](const Node& node) {
    return std::ranges::all_of(node.inputs, [](int32_t input) { return input >= 1; });
  });
}

// The network behind the first layer, whose output is its input. The parameters stay where they are.
NetworkShape TailOf(NetworkShape shape) {
  Node input = shape.nodes.front();
  input.output = shape.nodes[1].output;
  input.border = shape.nodes[1].border;
  shape.nodes.erase(shape.nodes.begin());
  shape.nodes.front() = input;
  if (shape.nodes.size() == 1) {  // Of a network of one layer, what is left is a copy.
    Node copy = input;
    copy.kind = NodeKind::kActivation;
    copy.inputs = {1};
    shape.nodes.push_back(copy);
  }
  for (size_t n = 1; n < shape.nodes.size(); ++n) {
    for (int32_t& place : shape.nodes[n].inputs) --place;
  }
  return shape;
}

template <typename Task>
void ForBlocks(train::ThreadPool* pool, size_t blocks, const Task& task) {
  const int threads = pool == nullptr ? 1 : pool->threads();
  const auto run = [&](int thread) {
    const size_t begin = blocks * static_cast<size_t>(thread) / static_cast<size_t>(threads);
    const size_t end = blocks * static_cast<size_t>(thread + 1) / static_cast<size_t>(threads);
    if (begin < end) task(begin, end);
  };
  if (pool == nullptr) {
    run(0);
  } else {
    pool->Run(run);
  }
}

// to = a + alpha * b + beta * c.
void Combine(const std::vector<const float*>& parts, const PlanePoint& point, size_t count, float* to) {
  const auto alpha = static_cast<float>(point.alpha), beta = static_cast<float>(point.beta);
  const float* origin = parts[0];
  const float* first = parts[1];
  if (parts.size() == 2) {
    for (size_t i = 0; i < count; ++i) to[i] = origin[i] + alpha * first[i];
    return;
  }
  const float* second = parts[2];
  for (size_t i = 0; i < count; ++i) to[i] = origin[i] + alpha * first[i] + beta * second[i];
}

void Activate(train::Activation activation, int64_t count, float* values) {
  if (activation == train::Activation::kRelu) {
    // NaN stays NaN.
    for (int64_t i = 0; i < count; ++i) values[i] = values[i] < 0 ? 0.0f : values[i];
  } else if (activation == train::Activation::kTanh) {
    train::ApplyTanh(values, count);
  }
}

train::AlignedBuffer<float> Padded(std::span<const float> values) {
  train::AlignedBuffer<float> buffer(values.size());
  std::ranges::copy(values, buffer.data());
  return buffer;
}

}  // namespace

LossPlane::LossPlane(NetworkShape shape, const train::Loss& loss, const FlatVectors& origin, const FlatVectors& first,
                     const FlatVectors* second, const train::Examples& examples, train::ThreadPool* pool)
    : has_head_(HasHead(shape)),
      head_(shape.nodes[1]),
      tail_(has_head_ ? TailOf(shape) : shape, loss),
      examples_(examples) {
  for (const FlatVectors* vectors : {&origin, &first, second}) {
    if (vectors == nullptr) continue;
    vectors_.push_back({Padded(vectors->params), Padded(vectors->buffers)});
    if (vectors->buffers.empty()) vectors_.back().buffers = train::AlignedBuffer<float>(origin.buffers.size());
  }
  const int64_t rows = has_head_ ? kBlockRows : tail_.plan().evaluation_rows;
  for (int64_t begin = 0; begin < examples.count; begin += rows) {
    blocks_.push_back({begin, std::min(rows, examples.count - begin)});
  }
  if (has_head_) MultiplyHead(shape, pool);
}

void LossPlane::MultiplyHead(const NetworkShape& shape, train::ThreadPool* pool) {
  const auto inputs = static_cast<int32_t>(shape.inputs());
  const int32_t units = head_.output.channels;
  sum_stride_ = RoundUp(units);
  for (size_t v = 0; v < vectors_.size(); ++v) {
    sums_.emplace_back(static_cast<size_t>(examples_.count * sum_stride_));
  }
  ForBlocks(pool, blocks_.size(), [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      const float* rows[kBlockRows];
      for (int64_t i = 0; i < blocks_[b].count; ++i) {
        rows[i] = examples_.features + (blocks_[b].first + i) * examples_.stride;
      }
      for (size_t v = 0; v < vectors_.size(); ++v) {
        const float* params = vectors_[v].params.data();
        train::MultiplyRows<float>(rows, blocks_[b].count, {params + head_.weights, units, inputs, units},
                                   {head_.has_bias ? params + head_.biases : nullptr}, train::Finish::kNone, nullptr,
                                   {sums_[v].data() + blocks_[b].first * sum_stride_, sum_stride_});
      }
    }
  });
}

size_t LossPlane::bytes() const {
  size_t floats = 0;
  for (const auto& vectors : vectors_) floats += vectors.params.size() + vectors.buffers.size();
  for (const auto& sums : sums_) floats += sums.size();
  return floats * sizeof(float);
}

// Takes blocks of examples through the network, at one point after another.
class LossPlane::Walker {
 public:
  explicit Walker(const LossPlane& plane)
      : plane_(plane),
        workspace_(plane.tail_, {.evaluated_rows = plane.blocks_.empty() ? 0 : plane.blocks_.front().count}),
        params_(plane.vectors_.front().params.size()),
        buffers_(plane.vectors_.front().buffers.size()),
        values_(static_cast<size_t>(plane.has_head_ ? kBlockRows * plane.sum_stride_ : 0)) {}

  train::Network<float>::Score At(const Block& block, const PlanePoint& point) {
    // Behind a head, the parameters after it alone are read.
    const size_t skipped = plane_.has_head_ ? ParametersOfHead() : 0;
    Combine(PartsOf([&](size_t v) { return plane_.vectors_[v].params.data() + skipped; }), point,
            params_.size() - skipped, params_.data() + skipped);
    Combine(PartsOf([&](size_t v) { return plane_.vectors_[v].buffers.data(); }), point, buffers_.size(),
            buffers_.data());
    rows_.clear();
    if (plane_.has_head_) {
      const int64_t size = block.count * plane_.sum_stride_, first = block.first * plane_.sum_stride_;
      Combine(PartsOf([&](size_t v) { return plane_.sums_[v].data() + first; }), point, static_cast<size_t>(size),
              values_.data());
      Activate(plane_.head_.activation, size, values_.data());
    }
    for (int64_t i = 0; i < block.count; ++i) {
      rows_.push_back(plane_.has_head_ ? values_.data() + i * plane_.sum_stride_
                                       : plane_.examples_.features + (block.first + i) * plane_.examples_.stride);
    }
    return plane_.tail_.Evaluate(params_.data(), buffers_.data(),
                                 {rows_.data(), plane_.examples_.labels + block.first, block.count}, workspace_,
                                 nullptr);
  }

 private:
  size_t ParametersOfHead() const {
    const auto units = static_cast<size_t>(plane_.head_.output.channels);
    return (static_cast<size_t>(plane_.head_.weight_rows) + plane_.head_.has_bias) * units;
  }
  template <typename DataOf>
  std::vector<const float*> PartsOf(const DataOf& data_of) const {
    std::vector<const float*> parts;
    for (size_t v = 0; v < plane_.vectors_.size(); ++v) parts.push_back(data_of(v));
    return parts;
  }

  const LossPlane& plane_;
  train::Network<float>::Workspace workspace_;
  train::AlignedBuffer<float> params_, buffers_, values_;
  std::vector<const float*> rows_;
};

std::vector<train::Network<float>::Score> LossPlane::Evaluate(std::span<const PlanePoint> points,
                                                              train::ThreadPool* pool) const {
  using Score = train::Network<float>::Score;
  std::vector<Score> parts(blocks_.size() * points.size());
  ForBlocks(pool, blocks_.size(), [&](size_t begin, size_t end) {
    Walker walker(*this);
    for (size_t b = begin; b < end; ++b) {
      for (size_t p = 0; p < points.size(); ++p) parts[b * points.size() + p] = walker.At(blocks_[b], points[p]);
    }
  });
  std::vector<Score> scores(points.size(), Score{0, 0});
  for (size_t b = 0; b < blocks_.size(); ++b) {
    const double share = static_cast<double>(blocks_[b].count) / static_cast<double>(examples_.count);
    for (size_t p = 0; p < points.size(); ++p) {
      const Score& part = parts[b * points.size() + p];
      scores[p].loss += share * part.loss;
      scores[p].accuracy += share * part.accuracy;
    }
  }
  return scores;
}

}  // namespace basin::worker::analysis
