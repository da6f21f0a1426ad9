#include "worker/train/patch_product.h"

#include <algorithm>

#include "worker/train/product_tile.h"
#include "worker/train/transposed_product.h"

namespace basin::worker::train {
namespace {

// Rows of a panel of the matrix that stay in the first-level cache while all rows go by.
constexpr int32_t kBlockDepth = 256;

// Calls visit(offset, depth) for the parts of the segments that are elements begin .. end - 1 of a patch.
template <typename Visit>
[[gnu::always_inline]] inline void ForEachPart(std::span<const PatchSegment> segments, int32_t begin, int32_t end,
                                               const Visit& visit) {
  int32_t first = 0;
  for (const PatchSegment& segment : segments) {
    const int32_t from = std::max(begin - first, 0), to = std::min(end - first, segment.depth);
    if (from < to) visit(segment.offset + from, to - from);
    first += segment.depth;
  }
}

template <typename T>
struct Product {
  ScatteredRows<const T> rows;
  std::span<const PatchSegment> segments;
  Matrix<T> matrix;
  ChainStart<T> start;
  Finish finish;
  ScatteredRows<const T> gate;
  ScatteredRows<T> out;
};

// Elements begin .. end - 1 of the sums in V packets from `column` on, for R rows from `first` on. The sums wait in
// `out` from one block of elements to the next.
template <typename T, int R, int V>
void MultiplyTile(const Product<T>& product, int64_t first, int32_t column, int32_t begin, int32_t end) {
  const Matrix<T>& matrix = product.matrix;
  const T* left[R];
  T* out[R];
  for (int r = 0; r < R; ++r) {
    left[r] = product.rows.data + product.rows.offsets[first + r];
    out[r] = product.out.data + product.out.offsets[first + r] + column;
  }
  Tile<T, R, V> tile;
  if (begin == 0 && !product.start.accumulate) {
    tile.Fill(product.start.initial == nullptr ? nullptr : product.start.initial + column);
  } else {
    for (int r = 0; r < R; ++r) {
      for (int v = 0; v < V; ++v) tile.sum[r][v] = Load(out[r] + v * kLanes<T>);
    }
  }
  const T* right = matrix.data + column / kPanelColumns<T> * matrix.panel_stride + begin * matrix.stride;
  ForEachPart(product.segments, begin, end, [&](int32_t offset, int32_t depth) {
    for (int32_t d = offset; d < offset + depth; ++d, right += matrix.stride) tile.MultiplyAdd(left, d, right);
  });
  const bool last = end == matrix.depth;
  for (int r = 0; r < R; ++r) {
    const T* gate =
        product.gate.data == nullptr ? nullptr : product.gate.data + product.gate.offsets[first + r] + column;
    for (int v = 0; v < V; ++v) {
      const int32_t lane = v * kLanes<T>;
      const Packet<T> value =
          last ? Finished<T>(product.finish, tile.sum[r][v], gate == nullptr ? nullptr : gate + lane) : tile.sum[r][v];
      StoreColumns<T>(out[r] + lane, matrix.columns - column - lane, false, value);
    }
  }
}

// The elements of patches from `offset` on, and their deltas.
template <typename T>
struct PatchRows {
  struct Cursor {
    const T* pixels;
    const int32_t* row;
    const T* deltas;
    const int32_t* delta_row;

    const T* Left() const { return pixels + *row; }
    const T* Right() const { return deltas + *delta_row; }
    void Advance() {
      ++row;
      ++delta_row;
    }
  };
  Cursor At(int64_t i, int64_t d, int32_t column) const {
    return {rows.data + offset + d, rows.offsets + i, deltas.data + column, deltas.offsets + i};
  }

  ScatteredRows<const T> rows;
  int64_t offset;
  ScatteredRows<const T> deltas;
};

}  // namespace

template <typename T>
void MultiplyPatches(const ScatteredRows<const T>& rows, int64_t count, std::span<const PatchSegment> segments,
                     const Matrix<T>& matrix, const ChainStart<T>& start, Finish finish,
                     const ScatteredRows<const T>& gate, const ScatteredRows<T>& out) {
  const Product<T> product{rows, segments, matrix, start, finish, gate, out};
  const int32_t blocks = std::max((matrix.depth + kBlockDepth - 1) / kBlockDepth, 1);
  for (int32_t block = 0; block < blocks; ++block) {
    const auto begin = static_cast<int32_t>(int64_t{matrix.depth} * block / blocks);
    const auto end = static_cast<int32_t>(int64_t{matrix.depth} * (block + 1) / blocks);
    for (int32_t column = 0; column < matrix.columns; column += kPanelColumns<T>) {
      const bool half = matrix.columns - column <= kLanes<T>;
      ForEachGroup(count, [&](int64_t first, auto size) {
        if (half) {
          MultiplyTile<T, size(), 1>(product, first, column, begin, end);
        } else {
          MultiplyTile<T, size(), 2>(product, first, column, begin, end);
        }
      });
    }
  }
}

template <typename T>
void MultiplyTransposedPatches(const ScatteredRows<const T>& rows, int64_t count,
                               std::span<const PatchSegment> segments, const ScatteredRows<const T>& deltas,
                               int32_t columns, bool accumulate, T* result) {
  for (const PatchSegment& segment : segments) {
    TransposedProduct<T>(PatchRows<T>{rows, segment.offset, deltas}, count, segment.depth, columns, accumulate, result);
    result += int64_t{segment.depth} * columns;
  }
}

template <typename T>
void SumScatteredRows(const ScatteredRows<const T>& deltas, int64_t count, int32_t columns, bool accumulate,
                      T* result) {
  for (int32_t column = 0; column < columns; column += kLanes<T>) {
    Packet<T> sum = Broadcast<T>(T(0));
    for (int64_t i = 0; i < count; ++i) sum = packet::padd(sum, Load(deltas.data + deltas.offsets[i] + column));
    alignas(64) T sums[kLanes<T>];
    packet::pstore(sums, sum);
    const int32_t width = std::min<int32_t>(columns - column, kLanes<T>);
    for (int32_t j = 0; j < width; ++j) result[column + j] = accumulate ? result[column + j] + sums[j] : sums[j];
  }
}

#define BASIN_INSTANTIATE(T)                                                                                        \
  template void MultiplyPatches<T>(const ScatteredRows<const T>&, int64_t, std::span<const PatchSegment>,           \
                                   const Matrix<T>&, const ChainStart<T>&, Finish, const ScatteredRows<const T>&,   \
                                   const ScatteredRows<T>&);                                                        \
  template void MultiplyTransposedPatches<T>(const ScatteredRows<const T>&, int64_t, std::span<const PatchSegment>, \
                                             const ScatteredRows<const T>&, int32_t, bool, T*);                     \
  template void SumScatteredRows<T>(const ScatteredRows<const T>&, int64_t, int32_t, bool, T*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
