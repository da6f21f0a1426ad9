#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/train/product_tile.h"

// The gradient of weights, whichever way rows are found. Included by sources alone.
namespace basin::worker::train {

// Rows of which a few columns stay in the first-level cache while the gradient's rows go by.
inline constexpr int64_t kGradientBlockRows = 128;

// Rows of the gradient whose unfinished sums wait while the next rows of the batch come.
inline constexpr int32_t kGradientBlockDepth = 96;

// A panel of the gradient on its way: where its sums wait between blocks of rows, and where they go in the end.
template <typename T>
struct GradientPanel {
  int32_t column;  // The first of its columns, of all `columns` of the result.
  int32_t columns;
  bool accumulate;
  T* result;
  T* sums;  // Row d at sums + d * kPanelColumns, for the first kGradientBlockDepth rows from `begin` on.
  int32_t begin;
};

// Continues the chains of result rows d .. d + R - 1, in V packets, over rows first .. last - 1: from zeros if these
// are the first, and to the result if they are the last of all.
template <typename T, int R, int V, typename Rows>
void ContinueChains(const Rows& rows, int64_t first, int64_t last, bool is_last, int64_t d,
                    const GradientPanel<T>& panel) {
  T* const sums = panel.sums + (d - panel.begin) * kPanelColumns<T>;
  Tile<T, R, V> tile;
  if (first == 0) {
    tile.Fill(nullptr);
  } else {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
      tile.sum[r][v] = Load(sums + r * kPanelColumns<T> + v * kLanes<T>);
    });
  }
  auto at = rows.template At<R>(first, d, panel.column);
  for (int64_t i = first; i < last; ++i, at.Advance()) {
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return at.Left(r); }, at.Right());
  }
  if (!is_last) {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
      Store<T>(sums + r * kPanelColumns<T> + v * kLanes<T>, tile.sum[r][v]);
    });
    return;
  }
  const int32_t width = panel.columns - panel.column;
  const int64_t stride = panel.columns;
  T* const result = panel.result + d * stride + panel.column;
  if (width >= V * kLanes<T> && !panel.accumulate) {
    tile.ForEach([&](auto r, auto v)
                     __attribute__((always_inline)) { Store<T>(result + r * stride + v * kLanes<T>, tile.sum[r][v]); });
  } else {
    tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
      StoreColumns<T>(result + r * stride + v * kLanes<T>, width - v * kLanes<T>, panel.accumulate, tile.sum[r][v]);
    });
  }
}

// result[d][j] = sum over i < count of left(i)[d] * right(i)[j] for d < depth, j < columns, or added to it; row d of
// the result is at result + d * columns. rows.At<R>(i, d, j) is a cursor whose Left(r) is left(i)[d + r] for r < R,
// whose Right() points to right(i)[j], which fetches what follows on the left if that pays, and which advances to i
// + 1.
template <typename T, typename Rows>
void TransposedProduct(const Rows& rows, int64_t count, int32_t depth, int32_t columns, bool accumulate, T* result) {
  alignas(64) T sums[kGradientBlockDepth * kPanelColumns<T>];
  for (int32_t column = 0; column < columns; column += kPanelColumns<T>) {
    for (int32_t begin = 0; begin < depth; begin += kGradientBlockDepth) {
      const GradientPanel<T> panel{column, columns, accumulate, result, sums, begin};
      for (int64_t first = 0; first < std::max<int64_t>(count, 1); first += kGradientBlockRows) {
        const int64_t last = std::min(first + kGradientBlockRows, count);
        ForEachGroup(std::min(depth - begin, kGradientBlockDepth), [&](int64_t d, auto size) {
          if (columns - column <= kLanes<T>) {
            ContinueChains<T, size(), 1>(rows, first, last, last == count, begin + d, panel);
          } else {
            ContinueChains<T, size(), 2>(rows, first, last, last == count, begin + d, panel);
          }
        });
      }
    }
  }
}

}  // namespace basin::worker::train
