#pragma once

#include <cstdint>

#include "worker/train/kernels/tile.h"
#include "worker/train/kernels/transposed_product.h"

// The products of rows that are found by pointers: what product.h says of MultiplyRows and MultiplyTransposed.
namespace basin::worker::train::kernels {

// The columns from `column` on, V packets of them, of R rows.
template <typename Simd, int R, int V, typename T = typename Simd::Scalar>
void RowTile(const T* const* rows, const Matrix<T>& matrix, const ChainStart<T>& start, Finish finish, const T* gate,
             const RowBlock<T>& out, int32_t column) {
  const T* group[R];
  Unrolled<R>([&](auto r) __attribute__((always_inline)) { group[r] = rows[r]; });
  Tile<Simd, R, V> tile;
  if (start.accumulate) {
    tile.LoadFrom(out.data + column, out.stride);
  } else {
    tile.Fill(start.initial == nullptr ? nullptr : start.initial + column);
  }
  const T* right = matrix.data + column;
  for (int32_t d = 0; d < matrix.depth; ++d, right += matrix.stride) {
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return group[r][d]; },
        [&](auto v) __attribute__((always_inline)) { return right + v * Simd::kLanes; });
  }
  WithFinish(
      finish, [&](auto how) __attribute__((always_inline)) {
        tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
          const int64_t place = r * out.stride + column + v * Simd::kLanes;
          Simd::Store(out.data + place, Finished<Simd>(how, tile.sum[r][v], gate == nullptr ? nullptr : gate + place));
        });
      });
}

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyRows(const T* const* rows, int64_t count, const Matrix<T>& matrix, const ChainStart<T>& start,
                  Finish finish, const T* gate, const RowBlock<T>& out) {
  const auto multiply = [&](auto most) __attribute__((always_inline)) {
    ForEachGroup<most>(
        count, [&](int64_t first, auto size) __attribute__((always_inline)) {
          const T* const gates = gate == nullptr ? nullptr : gate + first * out.stride;
          const RowBlock<T> to{out.data + first * out.stride, out.stride};
          ForEachStretch<Simd, Simd::MaxPackets(size)>(
              0, matrix.columns, [&](int32_t column, auto packets) __attribute__((always_inline)) {
                RowTile<Simd, size, packets>(rows + first, matrix, start, finish, gates, to, column);
              });
        });
  };
  // Of narrow rows, a tile has the more.
  constexpr int kNarrow = 2;
  if (matrix.columns <= kNarrow * Simd::kLanes) {
    multiply(std::integral_constant<int, Simd::MaxRows(kNarrow)>());
  } else {
    multiply(std::integral_constant<int, Simd::MaxRows(kNarrow + 1)>());
  }
}

// The rows of a batch from element `begin` on, and their deltas.
template <typename T>
struct BatchRows {
  template <int R>
  struct Cursor {
    const T* const* row;
    int64_t element;
    const T* deltas;
    int64_t stride;

    [[gnu::always_inline]] T Left(int r) const { return (*row)[element + r]; }
    [[gnu::always_inline]] const T* Right() const { return deltas; }
    [[gnu::always_inline]] void Advance() {
      ++row;
      deltas += stride;
    }
  };
  template <int R>
  [[gnu::always_inline]] Cursor<R> At(int64_t i, int64_t d, int32_t column) const {
    return {rows + i, begin + d, deltas + i * stride + column, stride};
  }

  const T* const* rows;
  int64_t begin;
  const T* deltas;
  int64_t stride;
};

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyTransposed(const T* const* rows, int64_t count, const T* deltas, int64_t stride, int32_t columns,
                        int64_t begin, int64_t end, bool accumulate, T* result) {
  TransposedProduct<Simd>(BatchRows<T>{rows, begin, deltas, stride}, count, static_cast<int32_t>(end - begin), columns,
                          accumulate, result);
}

}  // namespace basin::worker::train::kernels
