#include "worker/train/patch_product.h"

#include <algorithm>

#include "worker/train/product_tile.h"
#include "worker/train/transposed_product.h"

namespace basin::worker::train {
namespace {

// Rows of a panel of the matrix that stay in the first-level cache while all rows go by.
constexpr int32_t kBlockDepth = 256;

template <typename T>
struct Product {
  ScatteredRows<const T> rows;
  PatchElements elements;
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
  Unrolled<R>([&](auto r) __attribute__((always_inline)) {
    left[r] = product.rows.data + product.rows.offsets[first + r];
    out[r] = product.out.data + product.out.offsets[first + r] + column;
  });
  Tile<T, R, V> tile;
  if (begin == 0 && !product.start.accumulate) {
    tile.Fill(product.start.initial == nullptr ? nullptr : product.start.initial + column);
  } else {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) { tile.sum[r][v] = Load(out[r] + v * kLanes<T>); });
  }
  const T* right = matrix.data + column / kPanelColumns<T> * matrix.panel_stride + begin * matrix.stride;
  for (int32_t d = begin; d < end; ++d, right += matrix.stride) {
    const int64_t element = product.elements[static_cast<size_t>(d)];
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return left[r][element]; }, right);
  }
  WithFinish(
      end == matrix.depth ? product.finish : Finish::kNone, [&](auto how) __attribute__((always_inline)) {
        tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
          constexpr int32_t kLane = v * kLanes<T>;
          const T* gate = nullptr;
          if constexpr (how == Finish::kReluGate || how == Finish::kTanhGate) {
            gate = product.gate.data + product.gate.offsets[first + r] + column + kLane;
          }
          StoreColumns<T>(out[r] + kLane, matrix.columns - column - kLane, false,
                          Finished<T>(how, tile.sum[r][v], gate));
        });
      });
}

// Some elements of patches, and the patches' deltas.
template <typename T>
struct PatchRows {
  template <int R>
  struct Cursor {
    const T* elements[R];  // Of a patch at offset 0.
    const int32_t* row;
    const T* deltas;
    const int32_t* delta_row;

    T Left(int r) const { return elements[r][*row]; }
    const T* Right() const { return deltas + *delta_row; }
    void Advance() {
      ++row;
      ++delta_row;
    }
  };
  template <int R>
  Cursor<R> At(int64_t i, int64_t d, int32_t column) const {
    Cursor<R> cursor{{}, rows.offsets + i, deltas.data + column, deltas.offsets + i};
    Unrolled<R>([&](auto r) { cursor.elements[r] = rows.data + elements[static_cast<size_t>(d + r)]; });
    return cursor;
  }

  ScatteredRows<const T> rows;
  PatchElements elements;
  ScatteredRows<const T> deltas;
};

}  // namespace

template <typename T>
void MultiplyPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements, const Matrix<T>& matrix,
                     const ChainStart<T>& start, Finish finish, const ScatteredRows<const T>& gate,
                     const ScatteredRows<T>& out) {
  const Product<T> product{rows, elements, matrix, start, finish, gate, out};
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
void MultiplyTransposedPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements,
                               const ScatteredRows<const T>& deltas, int32_t columns, bool accumulate, T* result) {
  TransposedProduct<T>(PatchRows<T>{rows, elements, deltas}, count, static_cast<int32_t>(elements.size()), columns,
                       accumulate, result);
}

template <typename T>
void SumScatteredRows(const ScatteredRows<const T>& deltas, int64_t count, int32_t columns, bool accumulate,
                      T* result) {
  for (int32_t column = 0; column < columns; column += kPanelColumns<T>) {
    // Two packets side by side: they hide each other's latency. A second one beyond the columns is not read.
    const int32_t width = std::min<int32_t>(columns - column, kPanelColumns<T>);
    const int32_t second = width > kLanes<T> ? kLanes<T> : 0;
    Packet<T> sums[2] = {Broadcast<T>(T(0)), Broadcast<T>(T(0))};
    for (int64_t i = 0; i < count; ++i) {
      const T* row = deltas.data + deltas.offsets[i] + column;
      sums[0] = packet::padd(sums[0], Load(row));
      sums[1] = packet::padd(sums[1], Load(row + second));
    }
    for (int32_t lane = 0; lane < width; lane += kLanes<T>) {
      StoreColumns<T>(result + column + lane, width - lane, accumulate, sums[lane / kLanes<T>]);
    }
  }
}

#define BASIN_INSTANTIATE(T)                                                                                \
  template void MultiplyPatches<T>(const ScatteredRows<const T>&, int64_t, PatchElements, const Matrix<T>&, \
                                   const ChainStart<T>&, Finish, const ScatteredRows<const T>&,             \
                                   const ScatteredRows<T>&);                                                \
  template void MultiplyTransposedPatches<T>(const ScatteredRows<const T>&, int64_t, PatchElements,         \
                                             const ScatteredRows<const T>&, int32_t, bool, T*);             \
  template void SumScatteredRows<T>(const ScatteredRows<const T>&, int64_t, int32_t, bool, T*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
