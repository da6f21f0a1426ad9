#include "worker/train/layers/convolution.h"

#include <algorithm>

#include "worker/train/layers/elementwise.h"
#include "worker/train/layers/layout.h"

namespace basin::worker::train {
namespace {

// Pieces of the gradient: two threads share them, and each is worth its way through the images, whose pixels come from
// far for the first rows of a tile alone.
constexpr int64_t kPieces = 2;
constexpr int64_t kPieceElements = 4096;
constexpr int64_t kFewestPieceRows = 12;
constexpr int64_t kPieceRowsMultiple = 6;  // Rows of a tile of the product.

// The matrix that Pack makes.
template <typename T>
Matrix<T> PackedMatrix(const T* packed, int32_t depth, int32_t columns) {
  return {packed, kPanelColumns<T>, depth, columns, int64_t{depth} * kPanelColumns<T>};
}

// Offsets of every step-th pixel of an image whose lines are `line` apart, from `y`, `x` on.
std::vector<int32_t> PixelOffsets(int64_t height, int64_t width, int64_t step, int64_t y, int64_t x, int64_t line,
                                  int64_t channels) {
  std::vector<int32_t> offsets;
  offsets.reserve(static_cast<size_t>(height * width));
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j) {
      offsets.push_back(static_cast<int32_t>((y + i * step) * line + (x + j * step) * channels));
    }
  }
  return offsets;
}

// Of a patch of `rows` x `length` elements in an image whose lines are `line` apart.
std::vector<int32_t> PatchElementsOf(size_t rows, int64_t length, int64_t line) {
  std::vector<int32_t> elements;
  for (size_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < length; ++i) {
      elements.push_back(static_cast<int32_t>(static_cast<int64_t>(row) * line + i));
    }
  }
  return elements;
}

// The taps that reach pixels whose place is `remainder` modulo the stride, from the last on.
std::vector<int32_t> TapsOf(int32_t remainder, int32_t stride, int32_t kernel) {
  std::vector<int32_t> taps;
  for (int32_t tap = remainder; tap < kernel; tap += stride) taps.insert(taps.begin(), tap);
  return taps;
}

}  // namespace

template <typename T>
Convolution<T>::Convolution(const NetworkShape& shape, const Node& node)
    : node_(node),
      channels_(shape.nodes[static_cast<size_t>(node.inputs[0])].output.channels),
      filters_(node.output.channels),
      depth_(static_cast<int32_t>(node.weight_rows)),
      pixels_(node.output.pixels()) {
  const Node& before = shape.nodes[static_cast<size_t>(node.inputs[0])];
  const Layout in = LayoutOf(before.output, before.border), out = LayoutOf(node.output, node.border);
  const Layout deltas = LayoutOf(node.output, node.delta_border);
  const int64_t height = node.output.height, width = node.output.width;
  patches_ = PixelOffsets(height, width, node.stride, -node.padding, -node.padding, in.line, channels_);
  outs_ = PixelOffsets(height, width, 1, 0, 0, out.line, filters_);
  deltas_ = PixelOffsets(height, width, 1, 0, 0, deltas.line, filters_);
  elements_ = PatchElementsOf(static_cast<size_t>(node.kernel_height), int64_t{node.kernel_width} * channels_, in.line);

  int64_t rows = std::min<int64_t>((depth_ + kPieces - 1) / kPieces, std::max<int64_t>(kPieceElements / filters_, 1));
  rows = std::max((rows + kPieceRowsMultiple - 1) / kPieceRowsMultiple * kPieceRowsMultiple, kFewestPieceRows);
  piece_rows_ = rows;

  state_size_ = PackedSize<T>(depth_, filters_);
  if (before.needs_delta) {
    AddClasses(before.output, deltas.line, in.line, LayoutOf(before.output, before.delta_border).line);
    turned_ = state_size_;
    state_size_ += int64_t{depth_} / channels_ * filters_ * channels_ + kPanelColumns<T>;
  }
}

template <typename T>
void Convolution<T>::AddClasses(const ImageShape& in, int64_t delta_line, int64_t in_line, int64_t in_delta_line) {
  const int32_t stride = node_.stride;
  for (int32_t y = 0; y < std::min(stride, in.height); ++y) {
    for (int32_t x = 0; x < std::min(stride, in.width); ++x) {
      // Tap t of the output's pixel o reads the input's pixel o * stride - padding + t.
      Class c;
      c.rows = TapsOf((y + node_.padding) % stride, stride, node_.kernel_height);
      c.columns = TapsOf((x + node_.padding) % stride, stride, node_.kernel_width);
      const int64_t height = (in.height - y + stride - 1) / stride, width = (in.width - x + stride - 1) / stride;
      const bool reached = !c.rows.empty() && !c.columns.empty();
      const int64_t first_y = reached ? (y + node_.padding - c.rows.front()) / stride : 0;
      const int64_t first_x = reached ? (x + node_.padding - c.columns.front()) / stride : 0;
      c.patches = PixelOffsets(height, width, 1, first_y, first_x, delta_line, filters_);
      c.outs = PixelOffsets(height, width, stride, y, x, in_delta_line, channels_);
      c.gates = PixelOffsets(height, width, stride, y, x, in_line, channels_);
      c.elements = PatchElementsOf(c.rows.size(), static_cast<int64_t>(c.columns.size()) * filters_, delta_line);
      c.matrix = state_size_;
      state_size_ += PackedSize<T>(DepthOf(c), channels_);
      classes_.push_back(std::move(c));
    }
  }
}

template <typename T>
void Convolution<T>::Prepare(const Pass<T>& pass) const {
  const T* weights = pass.params + node_.weights;
  Pack<T>({weights, filters_, depth_, filters_}, pass.state);
  if (!pass.differentiated) return;
  T* turned = pass.state + turned_;
  for (const Class& c : classes_) {
    T* to = turned;
    for (const int32_t row : c.rows) {
      for (const int32_t column : c.columns) {
        const int64_t tap = int64_t{row} * node_.kernel_width + column;
        Transpose<T>(weights + tap * channels_ * filters_, channels_, filters_, 0, filters_, to, channels_);
        to += int64_t{filters_} * channels_;
      }
    }
    Pack<T>({turned, channels_, DepthOf(c), channels_}, pass.state + c.matrix);
  }
}

template <typename T>
void Convolution<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const Matrix<T> weights = PackedMatrix<T>(pass.state, depth_, filters_);
  const ChainStart<T> start{node_.has_bias ? pass.params + node_.biases : nullptr, false};
  const Finish finish = node_.activation == Activation::kRelu ? Finish::kRelu : Finish::kNone;
  for (int64_t i = first; i < first + count; ++i) {
    MultiplyPatches<T>({pass.in[0].rows[i], patches_.data()}, pixels_, elements_, weights, start, finish,
                       {nullptr, nullptr}, {pass.out.at(i), outs_.data()});
    if (node_.activation == Activation::kTanh) ApplyTanh<T>(node_.output, pass.out, i);
  }
}

template <typename T>
void Convolution<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  for (int64_t i = first; i < first + count; ++i) {
    for (const Class& c : classes_) {
      MultiplyPatches<T>({pass.out_deltas.at(i), c.patches.data()}, static_cast<int64_t>(c.patches.size()), c.elements,
                         PackedMatrix<T>(pass.state + c.matrix, DepthOf(c), channels_), {nullptr, edge.accumulate},
                         edge.finish, {edge.finish == Finish::kNone ? nullptr : pass.in[0].rows[i], c.gates.data()},
                         {pass.in_deltas[0].at(i), c.outs.data()});
    }
  }
}

template <typename T>
std::vector<PiecePart> Convolution<T>::PieceParts(int64_t piece) const {
  // The last piece has the biases.
  const int64_t begin = piece * piece_rows_;
  const int64_t end = piece + 1 == pieces() ? int64_t{depth_} + node_.has_bias : begin + piece_rows_;
  return {{begin * filters_, end * filters_}};
}

template <typename T>
PatchElements Convolution<T>::ElementsOf(int64_t piece) const {
  const int64_t begin = piece * piece_rows_, rows = std::min<int64_t>(piece_rows_, depth_ - begin);
  return PatchElements(elements_).subspan(static_cast<size_t>(begin), static_cast<size_t>(rows));
}

template <typename T>
void Convolution<T>::Gradient(const Pass<T>& pass, int64_t piece, int64_t count, bool accumulate, T* result) const {
  const PatchElements elements = ElementsOf(piece);
  for (int64_t i = 0; i < count; ++i) {
    const ScatteredRows<const T> deltas{pass.out_deltas.at(i), deltas_.data()};
    const bool add = accumulate || i > 0;
    MultiplyTransposedPatches<T>({pass.in[0].rows[i], patches_.data()}, pixels_, elements, deltas, filters_, add,
                                 result);
    if (piece + 1 == pieces() && node_.has_bias) {
      SumScatteredRows<T>(deltas, pixels_, filters_, add, result + static_cast<int64_t>(elements.size()) * filters_);
    }
  }
}

// As a dense layer's, of patches.
template <typename T>
void Convolution<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  const bool varies = pass.edges[0].wanted;
  const Finish gate = GateOf(node_.activation);
  const ChainStart<T> start{node_.has_bias ? tangent.params + node_.biases : nullptr, false};
  for (int64_t i = first; i < first + count; ++i) {
    const ScatteredRows<const T> values{gate == Finish::kNone ? nullptr : pass.out.at(i), outs_.data()};
    const ScatteredRows<T> out{tangent.out.at(i), outs_.data()};
    MultiplyPatches<T>({pass.in[0].rows[i], patches_.data()}, pixels_, elements_,
                       PackedMatrix<T>(tangent.state, depth_, filters_), start, varies ? Finish::kNone : gate,
                       varies ? ScatteredRows<const T>{nullptr, nullptr} : values, out);
    if (!varies) continue;
    MultiplyPatches<T>({tangent.in[0].rows[i], patches_.data()}, pixels_, elements_,
                       PackedMatrix<T>(pass.state, depth_, filters_), {nullptr, true}, gate, values, out);
  }
}

template <typename T>
void Convolution<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  for (int64_t i = first; i < first + count; ++i) {
    for (const Class& c : classes_) {
      const auto pixels = static_cast<int64_t>(c.patches.size());
      const ScatteredRows<T> to{tangent.in_deltas[0].at(i), c.outs.data()};
      MultiplyPatches<T>({tangent.out_deltas.at(i), c.patches.data()}, pixels, c.elements,
                         PackedMatrix<T>(pass.state + c.matrix, DepthOf(c), channels_), {nullptr, edge.accumulate},
                         Finish::kNone, {nullptr, nullptr}, to);
      MultiplyPatches<T>({pass.out_deltas.at(i), c.patches.data()}, pixels, c.elements,
                         PackedMatrix<T>(tangent.state + c.matrix, DepthOf(c), channels_), {nullptr, true}, edge.finish,
                         {edge.finish == Finish::kNone ? nullptr : pass.in[0].rows[i], c.gates.data()}, to);
    }
  }
}

template <typename T>
void Convolution<T>::GradientTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t piece, int64_t count,
                                     bool accumulate, T* result) const {
  Gradient(pass.WithDeltasOf(tangent), piece, count, accumulate, result);
  if (!pass.edges[0].wanted) return;
  const PatchElements elements = ElementsOf(piece);
  for (int64_t i = 0; i < count; ++i) {
    MultiplyTransposedPatches<T>({tangent.in[0].rows[i], patches_.data()}, pixels_, elements,
                                 {pass.out_deltas.at(i), deltas_.data()}, filters_, true, result);
  }
}

template class Convolution<float>;
template class Convolution<double>;

}  // namespace basin::worker::train
