#pragma once

#include <cstdint>

#include "worker/train/kernels/tile.h"

// The gradient of weights, whichever way rows are found.
namespace basin::worker::train::kernels {

// Rows of the gradient whose unfinished sums wait while the next rows of the batch come.
inline constexpr int32_t kGradientBlockDepth = 96;

// A panel of the gradient on its way: where its sums wait between blocks of rows, and where they go in the end.
template <typename Simd>
struct GradientPanel {
  using T = typename Simd::Scalar;
  static constexpr int64_t kStride = Simd::kGradientPackets * Simd::kLanes;

  int32_t column;  // The first of its columns, of all `columns` of the result.
  int32_t columns;
  bool accumulate;
  T* result;
  T* sums;  // Row d at sums + d * kStride, for the first kGradientBlockDepth rows from `begin` on.
  int32_t begin;
};

// Continues the chains of result rows d .. d + R - 1, in V packets, over rows first .. last - 1: from zeros if these
// are the first, and to the result if they are the last of all.
template <typename Simd, int R, int V, typename Rows>
void ContinueChains(const Rows& rows, int64_t first, int64_t last, bool is_last, int64_t d,
                    const GradientPanel<Simd>& panel) {
  using T = typename Simd::Scalar;
  constexpr int kLanes = Simd::kLanes;
  T* const sums = panel.sums + (d - panel.begin) * panel.kStride;
  Tile<Simd, R, V> tile;
  if (first == 0) {
    tile.Fill(nullptr);
  } else {
    tile.LoadFrom(sums, panel.kStride);
  }
  auto at = rows.template At<R>(first, d, panel.column);
  for (int64_t i = first; i < last; ++i, at.Advance()) {
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return at.Left(r); },
        [&](auto v) __attribute__((always_inline)) { return at.Right() + v * kLanes; });
  }
  if (!is_last) {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
      Simd::Store(sums + r * panel.kStride + v * kLanes, tile.sum[r][v]);
    });
    return;
  }
  const int32_t width = panel.columns - panel.column;
  const int64_t stride = panel.columns;
  T* const result = panel.result + d * stride + panel.column;
  if (width >= V * kLanes && !panel.accumulate) {
    tile.ForEach([&](auto r, auto v)
                     __attribute__((always_inline)) { Simd::Store(result + r * stride + v * kLanes, tile.sum[r][v]); });
  } else {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
      StoreColumns<Simd>(result + r * stride + v * kLanes, width - v * kLanes, panel.accumulate, tile.sum[r][v]);
    });
  }
}

// result[d][j] = sum over i < count of left(i)[d] * right(i)[j] for d < depth, j < columns, or added to it; row d of
// the result is at result + d * columns. rows.At<R>(i, d, j) is a cursor whose Left(r) is left(i)[d + r] for r < R,
// whose Right() points to right(i)[j], and which advances to i + 1.
template <typename Simd, typename Rows, typename T = typename Simd::Scalar>
void TransposedProduct(const Rows& rows, int64_t count, int32_t depth, int32_t columns, bool accumulate, T* result) {
  alignas(64) T sums[kGradientBlockDepth * GradientPanel<Simd>::kStride];
  ForEachStretch<Simd, Simd::kGradientPackets>(
      0, columns, [&](int32_t column, auto packets) __attribute__((always_inline)) {
        for (int32_t begin = 0; begin < depth; begin += kGradientBlockDepth) {
          const GradientPanel<Simd> panel{column, columns, accumulate, result, sums, begin};
          const int64_t rest = depth - begin, block = rest < kGradientBlockDepth ? rest : kGradientBlockDepth;
          int64_t first = 0;
          do {
            const bool is_last = count - first <= Simd::kGradientBlockRows;
            const int64_t last = is_last ? count : first + Simd::kGradientBlockRows;
            ForEachGroup<Simd::MaxRows(packets)>(
                block, [&](int64_t d, auto size) __attribute__((always_inline)) {
                  ContinueChains<Simd, size, packets>(rows, first, last, is_last, begin + d, panel);
                });
            first = last;
          } while (first < count);
        }
      });
}

}  // namespace basin::worker::train::kernels
