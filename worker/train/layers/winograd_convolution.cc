#include "worker/train/layers/winograd_convolution.h"

#include <algorithm>

#include "worker/train/layers/elementwise.h"
#include "worker/train/layers/layout.h"
#include "worker/train/patch_product.h"

namespace basin::worker::train {
namespace {

// Elements of the planes of a run: with those of the result they stay in the second-level cache.
constexpr int64_t kRunElements = 32768;
constexpr int64_t kTaps = 9;
constexpr int32_t kFewestChannels = 8, kMostWeights = 256 * 256;  // A tap.

// What a run's tiles become, for a thread's stack.
template <typename T>
struct Planes {
  alignas(64) T data[kRunElements + kWinogradPlaces * kLayoutLanes];
};

// Planes are an odd number of cache lines apart: the places of a tile then share no set of a cache.
int64_t PlaneOf(int64_t elements) { return elements | kLayoutLanes; }

int64_t Rounded(int64_t channels) { return (channels + kLayoutLanes - 1) / kLayoutLanes * kLayoutLanes; }

// An example's pixels of which some channels are read or written.
template <typename T>
PixelRows<const T> ImageOf(const Values<T>& values, int64_t example, int64_t pixel, int64_t offset = 0) {
  if (values.rows == nullptr) return {nullptr, 0, 0};
  return {values.rows[example] + offset, values.line, pixel};
}

}  // namespace

template <typename T>
bool WinogradConvolution<T>::Suits(const NetworkShape& shape, const Node& node) {
  if (node.kind != NodeKind::kConvolution) return false;
  const int32_t channels = shape.nodes[static_cast<size_t>(node.inputs[0])].output.channels;
  const int32_t filters = node.output.channels;
  return node.kernel_height == 3 && node.kernel_width == 3 && node.stride == 1 &&
         std::min(channels, filters) >= kFewestChannels && int64_t{channels} * filters <= kMostWeights;
}

template <typename T>
WinogradConvolution<T>::WinogradConvolution(const NetworkShape& shape, const Node& node)
    : node_(node),
      channels_(shape.nodes[static_cast<size_t>(node.inputs[0])].output.channels),
      filters_(node.output.channels),
      weights_size_(int64_t{channels_} * filters_) {
  const Node& before = shape.nodes[static_cast<size_t>(node.inputs[0])];
  const int64_t in_line = LayoutOf(before.output, before.border).line;
  const int64_t delta_line = LayoutOf(node.output, node.delta_border).line;
  has_backward_ = before.needs_delta;
  run_tiles_ = kRunElements / (kWinogradPlaces * std::max(Rounded(channels_), Rounded(filters_)));
  for (int64_t y = 0; y < node.output.height; ++y) {
    for (int64_t x = 0; x < node.output.width; ++x) {
      deltas_.push_back(static_cast<int32_t>(y * delta_line + x * filters_));
    }
  }
  forward_ = {.channels = channels_,
              .filters = filters_,
              .height = node.output.height,
              .width = node.output.width,
              .corner = -node.padding * (in_line + channels_),
              .state = 0};
  sums_ = kWinogradPlaces * PackedSize<T>(channels_, filters_);
  state_size_ = sums_ + kWinogradPlaces * weights_size_;
  if (!has_backward_) return;
  backward_ = {.channels = filters_,
               .filters = channels_,
               .height = before.output.height,
               .width = before.output.width,
               .corner = (node.padding - 2) * (delta_line + filters_),
               .state = state_size_};
  state_size_ += kWinogradPlaces * PackedSize<T>(filters_, channels_);
  turned_ = state_size_;
  state_size_ += kTaps * weights_size_;
}

template <typename T>
void WinogradConvolution<T>::Prepare(const Pass<T>& pass) const {
  const T* const taps = pass.params + node_.weights;
  TransformWeights<T>(taps, channels_, filters_, pass.state + forward_.state);
  if (!pass.differentiated || !has_backward_) return;
  T* const turned = pass.state + turned_;
  for (int64_t tap = 0; tap < kTaps; ++tap) {
    Transpose<T>(taps + tap * weights_size_, channels_, filters_, 0, filters_,
                 turned + (kTaps - 1 - tap) * weights_size_, channels_);
  }
  TransformWeights<T>(turned, filters_, channels_, pass.state + backward_.state);
}

template <typename T>
void WinogradConvolution<T>::Convolve(const Way& way, const Values<T>& in, int64_t example, const T* state,
                                      const ChainStart<T>& start, Finish finish, const Values<T>& gate,
                                      const Values<T>& out) const {
  Planes<T> windows, sums;
  const int64_t in_stride = Rounded(way.channels), out_stride = Rounded(way.filters);
  const int64_t tiles = TileRun::TilesOf(way.height, way.width);
  for (int64_t first = 0; first < tiles; first += run_tiles_) {
    const TileRun run{way.height, way.width, first, std::min(run_tiles_, tiles - first)};
    const int64_t in_plane = PlaneOf(run.count * in_stride), out_plane = PlaneOf(run.count * out_stride);
    TransformWindows<T>(ImageOf(in, example, way.channels, way.corner), way.channels, run,
                        {windows.data, in_plane, in_stride});
    MultiplyPlanes<T>({windows.data, in_plane, in_stride}, run.count, way.channels, way.filters, state + way.state,
                      {sums.data, out_plane, out_stride});
    TransformOutputs<T>({sums.data, out_plane, out_stride}, way.filters, run, start, finish,
                        ImageOf(gate, example, way.filters), {out.at(example), out.line, way.filters});
  }
}

template <typename T>
void WinogradConvolution<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const ChainStart<T> start{node_.has_bias ? pass.params + node_.biases : nullptr, false};
  const Finish finish = node_.activation == Activation::kRelu ? Finish::kRelu : Finish::kNone;
  for (int64_t i = first; i < first + count; ++i) {
    Convolve(forward_, pass.in[0], i, pass.state, start, finish, {}, pass.out);
    if (node_.activation == Activation::kTanh) ApplyTanh<T>(node_.output, pass.out, i);
  }
}

template <typename T>
void WinogradConvolution<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  for (int64_t i = first; i < first + count; ++i) {
    Convolve(backward_, pass.out_deltas, i, pass.state, {nullptr, edge.accumulate}, edge.finish, pass.in[0],
             pass.in_deltas[0]);
  }
}

template <typename T>
std::vector<PiecePart> WinogradConvolution<T>::PieceParts(int64_t piece) const {
  std::vector<PiecePart> parts;
  const int64_t begin = int64_t{ChannelBegin(piece)} * filters_, end = int64_t{ChannelBegin(piece + 1)} * filters_;
  for (int64_t tap = 0; tap < kTaps; ++tap) parts.push_back({tap * weights_size_ + begin, tap * weights_size_ + end});
  if (piece + 1 == pieces() && node_.has_bias) {
    parts.push_back({kTaps * weights_size_, kTaps * weights_size_ + filters_});
  }
  return parts;
}

template <typename T>
void WinogradConvolution<T>::WeightGradient(const Values<T>& in, const Values<T>& deltas, T* state, int64_t piece,
                                            int64_t count, bool accumulate, T* result) const {
  Planes<T> windows, derivatives;
  const int32_t begin = ChannelBegin(piece), channels = ChannelBegin(piece + 1) - begin;
  const int64_t size = int64_t{channels} * filters_;
  T* const sums = state + sums_ + kWinogradPlaces * int64_t{begin} * filters_;
  const int64_t in_stride = Rounded(channels_), out_stride = Rounded(filters_);
  const int64_t tiles = TileRun::TilesOf(forward_.height, forward_.width);
  for (int64_t i = 0; i < count; ++i) {
    for (int64_t first = 0; first < tiles; first += run_tiles_) {
      const TileRun run{forward_.height, forward_.width, first, std::min(run_tiles_, tiles - first)};
      const int64_t in_plane = PlaneOf(run.count * in_stride), out_plane = PlaneOf(run.count * out_stride);
      TransformWindows<T>(ImageOf(in, i, channels_, forward_.corner + begin), channels, run,
                          {windows.data, in_plane, in_stride});
      TransformDeltas<T>(ImageOf(deltas, i, filters_), filters_, run, {derivatives.data, out_plane, out_stride});
      MultiplyTransposedPlanes<T>({windows.data, in_plane, in_stride}, {derivatives.data, out_plane, out_stride},
                                  run.count, channels, filters_, i > 0 || first > 0, sums);
    }
  }
  TransformWeightGradients<T>(sums, size, accumulate, result);
}

template <typename T>
void WinogradConvolution<T>::Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate,
                                      T* result) const {
  WeightGradient(pass.in[0], pass.out_deltas, pass.state, piece, count, accumulate, result);
  if (piece + 1 < pieces() || !node_.has_bias) return;
  T* const biases = result + kTaps * int64_t{channels_ - ChannelBegin(piece)} * filters_;
  for (int64_t i = 0; i < count; ++i) {
    SumScatteredRows<T>({pass.out_deltas.at(i), deltas_.data()}, node_.output.pixels(), filters_, accumulate || i > 0,
                        biases);
  }
}

// As a dense layer's, of tiles.
template <typename T>
void WinogradConvolution<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                            int64_t count) const {
  const bool varies = pass.edges[0].wanted;
  const Finish gate = GateOf(node_.activation);
  const ChainStart<T> start{node_.has_bias ? tangent.params + node_.biases : nullptr, false};
  for (int64_t i = first; i < first + count; ++i) {
    Convolve(forward_, pass.in[0], i, tangent.state, start, varies ? Finish::kNone : gate, pass.out, tangent.out);
    if (varies) Convolve(forward_, tangent.in[0], i, pass.state, {nullptr, true}, gate, pass.out, tangent.out);
  }
}

template <typename T>
void WinogradConvolution<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                             int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  for (int64_t i = first; i < first + count; ++i) {
    Convolve(backward_, tangent.out_deltas, i, pass.state, {nullptr, edge.accumulate}, Finish::kNone, {},
             tangent.in_deltas[0]);
    Convolve(backward_, pass.out_deltas, i, tangent.state, {nullptr, true}, edge.finish, pass.in[0],
             tangent.in_deltas[0]);
  }
}

template <typename T>
void WinogradConvolution<T>::GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count,
                                             bool accumulate, T* result) const {
  Gradient(pass.WithDeltasOf(tangent), piece, count, accumulate, result);
  if (!pass.edges[0].wanted) return;
  WeightGradient(tangent.in[0], pass.out_deltas, pass.state, piece, count, true, result);
}

template class WinogradConvolution<float>;
template class WinogradConvolution<double>;

}  // namespace basin::worker::train
