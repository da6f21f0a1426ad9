#pragma once

#include <cstdint>

#include "worker/train/kernels/tile.h"
#include "worker/train/kernels/transposed_product.h"
#include "worker/train/patch_product.h"

// The products of convolution: what patch_product.h says of MultiplyPatches and MultiplyTransposedPatches.
namespace basin::worker::train::kernels {

template <typename T>
struct PatchProduct {
  ScatteredRows<const T> rows;
  const int32_t* elements;
  Matrix<T> matrix;
  ChainStart<T> start;
  Finish finish;
  ScatteredRows<const T> gate;
  ScatteredRows<T> out;
};

// Elements begin .. end - 1 of the sums in V packets from `column` on, for R rows from `first` on. The sums wait in
// `out` from one block of elements to the next.
template <typename Simd, int R, int V, typename T = typename Simd::Scalar>
void PatchTile(const PatchProduct<T>& product, int64_t first, int32_t column, int32_t begin, int32_t end) {
  constexpr int kLanes = Simd::kLanes;
  const Matrix<T>& matrix = product.matrix;
  const T* left[R];
  T* out[R];
  Unrolled<R>([&](auto r) __attribute__((always_inline)) {
    left[r] = product.rows.data + product.rows.offsets[first + r];
    out[r] = product.out.data + product.out.offsets[first + r] + column;
  });
  Tile<Simd, R, V> tile;
  if (begin == 0 && !product.start.accumulate) {
    tile.Fill(product.start.initial == nullptr ? nullptr : product.start.initial + column);
  } else {
    tile.ForEach([&](auto r, auto v)
                     __attribute__((always_inline)) { tile.sum[r][v] = Simd::Load(out[r] + v * kLanes); });
  }
  // A stretch begins with a panel.
  const T* right = matrix.data + column / kPanelColumns<T> * matrix.panel_stride + begin * matrix.stride;
  constexpr int kPanelPackets = kPanelColumns<T> / kLanes;
  for (int32_t d = begin; d < end; ++d, right += matrix.stride) {
    const int64_t element = product.elements[d];
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return left[r][element]; },
        [&](auto v) __attribute__((always_inline)) {
          return right + v / kPanelPackets * matrix.panel_stride + v % kPanelPackets * kLanes;
        });
  }
  WithFinish(
      end == matrix.depth ? product.finish : Finish::kNone, [&](auto how) __attribute__((always_inline)) {
        tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
          constexpr int32_t kLane = v * kLanes;
          const T* gate = nullptr;
          if constexpr (how == Finish::kReluGate || how == Finish::kTanhGate) {
            gate = product.gate.data + product.gate.offsets[first + r] + column + kLane;
          }
          StoreColumns<Simd>(out[r] + kLane, matrix.columns - column - kLane, false,
                             Finished<Simd>(how, tile.sum[r][v], gate));
        });
      });
}

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements, const Matrix<T>& matrix,
                     const ChainStart<T>& start, Finish finish, const ScatteredRows<const T>& gate,
                     const ScatteredRows<T>& out) {
  const PatchProduct<T> product{rows, elements.data(), matrix, start, finish, gate, out};
  const int32_t blocks = matrix.depth > Simd::kPatchBlockDepth ? (matrix.depth - 1) / Simd::kPatchBlockDepth + 1 : 1;
  for (int32_t block = 0; block < blocks; ++block) {
    const auto begin = static_cast<int32_t>(int64_t{matrix.depth} * block / blocks);
    const auto end = static_cast<int32_t>(int64_t{matrix.depth} * (block + 1) / blocks);
    ForEachStretch<Simd, Simd::kPatchPackets>(
        0, matrix.columns, [&](int32_t column, auto packets) __attribute__((always_inline)) {
          ForEachGroup<Simd::MaxRows(packets)>(
              count, [&](int64_t first, auto size) __attribute__((always_inline)) {
                PatchTile<Simd, size, packets>(product, first, column, begin, end);
              });
        });
  }
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

    [[gnu::always_inline]] T Left(int r) const { return elements[r][*row]; }
    [[gnu::always_inline]] const T* Right() const { return deltas + *delta_row; }
    [[gnu::always_inline]] void Advance() {
      ++row;
      ++delta_row;
    }
  };
  template <int R>
  [[gnu::always_inline]] Cursor<R> At(int64_t i, int64_t d, int32_t column) const {
    Cursor<R> cursor{{}, rows.offsets + i, deltas.data + column, deltas.offsets + i};
    Unrolled<R>([&](auto r) __attribute__((always_inline)) { cursor.elements[r] = rows.data + elements[d + r]; });
    return cursor;
  }

  ScatteredRows<const T> rows;
  const int32_t* elements;
  ScatteredRows<const T> deltas;
};

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyTransposedPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements,
                               const ScatteredRows<const T>& deltas, int32_t columns, bool accumulate, T* result) {
  TransposedProduct<Simd>(PatchRows<T>{rows, elements.data(), deltas}, count, static_cast<int32_t>(elements.size()),
                          columns, accumulate, result);
}

}  // namespace basin::worker::train::kernels
