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

// Continues the chains of result rows d .. d + R - 1, in V packets from `column` on, over rows first .. last - 1: from
// zeros or from what stands at `sums`, and to there. A row of sums is `stride` long.
template <typename T, int R, int V, typename Rows>
void ContinueChains(const Rows& rows, int64_t first, int64_t last, int64_t d, int32_t column, bool from_zeros, T* sums,
                    int64_t stride) {
  Tile<T, R, V> tile;
  if (from_zeros) {
    tile.Fill(nullptr);
  } else {
    tile.LoadFrom(sums, stride);
  }
  typename Rows::Cursor at = rows.At(first, d, column);
  for (int64_t i = first; i < last; ++i, at.Advance()) tile.MultiplyAddColumn(at.Left(), at.Right());
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) Store<T>(sums + r * stride + v * kLanes<T>, tile.sum[r][v]);
  }
}

// result[d][j] = sum over i < count of left(i)[d] * right(i)[j] for d < depth, j < columns, or added to it; row d of
// the result is at result + d * columns. rows.At(i, d, j) is a cursor whose Left() points to left(i)[d] and whose
// Right() to right(i)[j], and which advances to i + 1.
template <typename T, typename Rows>
void TransposedProduct(const Rows& rows, int64_t count, int32_t depth, int32_t columns, bool accumulate, T* result) {
  for (int32_t column = 0; column < columns; column += kPanelColumns<T>) {
    const int32_t width = std::min(columns - column, kPanelColumns<T>);
    if (width == kPanelColumns<T> && count <= kGradientBlockRows && !accumulate) {
      ForEachGroup(depth, [&](int64_t d, auto size) {
        ContinueChains<T, size(), 2>(rows, 0, count, d, column, true, result + d * columns + column, columns);
      });
      continue;
    }
    alignas(64) T sums[kGradientBlockDepth * kPanelColumns<T>];
    for (int32_t begin = 0; begin < depth; begin += kGradientBlockDepth) {
      const int32_t height = std::min(depth - begin, kGradientBlockDepth);
      for (int64_t first = 0; first < std::max<int64_t>(count, 1); first += kGradientBlockRows) {
        const int64_t last = std::min(first + kGradientBlockRows, count);
        ForEachGroup(height, [&](int64_t d, auto size) {
          T* part = sums + d * kPanelColumns<T>;
          if (width <= kLanes<T>) {
            ContinueChains<T, size(), 1>(rows, first, last, begin + d, column, first == 0, part, kPanelColumns<T>);
          } else {
            ContinueChains<T, size(), 2>(rows, first, last, begin + d, column, first == 0, part, kPanelColumns<T>);
          }
        });
      }
      for (int32_t d = 0; d < height; ++d) {
        for (int32_t lane = 0; lane < width; lane += kLanes<T>) {
          StoreColumns<T>(result + (begin + d) * int64_t{columns} + column + lane, width - lane, accumulate,
                          Load(sums + d * kPanelColumns<T> + lane));
        }
      }
    }
  }
}

}  // namespace basin::worker::train
