#pragma once

#include <cstdint>

#include "worker/train/product.h"

namespace basin::worker::train {

// Convolutions by 3 x 3 weights at stride 1, with 2.25 times fewer multiplications than patch_product.h: minimal
// filtering F(2 x 2, 3 x 3) (Winograd 1980; Lavin & Gray, "Fast algorithms for convolutional neural networks", 2016).
// T is float, or double for gradient checks.
//
// The output is cut into tiles of 2 x 2 pixels. A tile depends on a window d of 4 x 4 pixels of the input. With
//
//        1  0 -1  0          1    0    0
//   B' = 0  1  1  0     G = 1/2  1/2  1/2     A' = 1  1  1  0
//        0 -1  1  0         1/2 -1/2  1/2          0  1 -1 -1
//        0  1  0 -1          0    0    1
//
// it is A' [sum over channels of (G g G') * (B' d B)] A, where * multiplies elements alone. So a window becomes 16
// numbers a channel, the weights g 16 a channel and filter, and between the two lie 16 products of matrices, one for
// each of the 4 x 4 places: tiles by channels times channels by filters. Each step is linear, so the gradient by the
// weights is G' [sum over tiles of (B' d B) * (A y A')] G for the derivatives y of tiles; the gradient by the input is
// a convolution of the derivatives with the weights turned round.
//
// Rounding differs a little from that of the plain sum. Bits depend on nothing but the numbers.

// Pixels, their channels side by side: pixel (y, x) is at data + y * line + x * pixel.
template <typename T>
struct PixelRows {
  T* data;
  int64_t line, pixel;
};

// Tiles first .. first + count - 1 of an image of height x width, row by row. Where a side is odd, the last tiles hold
// one pixel of two along it.
struct TileRun {
  int32_t height, width;
  int64_t first, count;

  static int64_t TilesOf(int64_t height, int64_t width) { return (height + 1) / 2 * ((width + 1) / 2); }
};

inline constexpr int kWinogradPlaces = 16;

// What tiles become: element c of the run's tile t at place k is at data[k * plane + t * stride + c]. The stride is a
// multiple of 16, and what lies between the elements and it is overwritten.
template <typename T>
struct TilePlanes {
  T* data;
  int64_t plane, stride;
};

// B' d B of each tile. `pixels` is where the first tile's window begins: padding pixels above and left of the image.
// Nothing is read beyond the windows of pixels that exist, which are height + 2 by width + 2.
template <typename T>
void TransformWindows(const PixelRows<const T>& pixels, int32_t channels, const TileRun& run, const TilePlanes<T>& to);

// A y A' of each tile.
template <typename T>
void TransformDeltas(const PixelRows<const T>& deltas, int32_t channels, const TileRun& run, const TilePlanes<T>& to);

// finish(A' m A + start) of each tile, into exactly the pixels that exist. `gate` has the pixels of `out`, readable to
// a packet's width beyond; null unless `finish` needs it.
template <typename T>
void TransformOutputs(const TilePlanes<const T>& from, int32_t channels, const TileRun& run, const ChainStart<T>& start,
                      Finish finish, const PixelRows<const T>& gate, const PixelRows<T>& out);

// to[k] = from[k] times matrix k, for `count` tiles: matrix k, of `channels` rows and `filters` columns, is packed at
// matrices + k * PackedSize.
template <typename T>
void MultiplyPlanes(const TilePlanes<const T>& from, int64_t count, int32_t channels, int32_t filters,
                    const T* matrices, const TilePlanes<T>& to);

// sums[k][c][f] = sum over tiles t of from[k][t][c] * deltas[k][t][f], or added to what stands there; the elements lie
// without gaps.
template <typename T>
void MultiplyTransposedPlanes(const TilePlanes<const T>& from, const TilePlanes<const T>& deltas, int64_t count,
                              int32_t channels, int32_t filters, bool accumulate, T* sums);

// G g G' of all weights, as MultiplyPlanes takes them: `taps` are nine matrices of `channels` rows and `filters`
// columns, tap (a, b) being number 3 a + b, and what they have at place k is packed at matrices + k * PackedSize.
template <typename T>
void TransformWeights(const T* taps, int32_t channels, int32_t filters, T* matrices);

// G' u G of `count` weights: place k of weight i is at from[k * count + i], and tap t of it goes to to[t * count + i],
// or is added to what stands there.
template <typename T>
void TransformWeightGradients(const T* from, int64_t count, bool accumulate, T* to);

}  // namespace basin::worker::train
