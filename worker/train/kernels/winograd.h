#pragma once

#include <cstdint>
#include <type_traits>

#include "worker/train/kernels/tile.h"
#include "worker/train/kernels/transposed_product.h"
#include "worker/train/winograd.h"

// What winograd.h says of TransformWindows, TransformDeltas, TransformOutputs, MultiplyPlanes and
// MultiplyTransposedPlanes.
namespace basin::worker::train::kernels {

// Calls visit(t, y, x) for each tile of the run, with its number in the run and its first pixel.
template <typename Visit>
[[gnu::always_inline]] inline void ForEachTile(const TileRun& run, const Visit& visit) {
  const int64_t columns = (run.width + 1) / 2;
  int64_t y = run.first / columns, x = run.first % columns;
  for (int64_t t = 0; t < run.count; ++t) {
    visit(t, 2 * y, 2 * x);
    if (++x == columns) x = 0, ++y;
  }
}

// Calls visit(channel, load) for packets of channels; load(pixel) reads their numbers and no others.
template <typename Simd, typename Visit>
[[gnu::always_inline]] inline void ForEachChannels(int32_t channels, const Visit& visit) {
  using T = typename Simd::Scalar;
  int32_t c = 0;
  for (; c + Simd::kLanes <= channels; c += Simd::kLanes) {
    visit(
        c, [c](const T* pixel) __attribute__((always_inline)) { return Simd::Load(pixel + c); });
  }
  if (c == channels) return;
  const int rest = channels - c;
  visit(
      c, [ c, rest ](const T* pixel) __attribute__((always_inline)) { return Simd::LoadFirst(pixel + c, rest); });
}

template <typename Simd, typename Read, typename T = typename Simd::Scalar>
[[gnu::always_inline]] inline void TransformWindow(const Read& read, int64_t plane, T* to) {
  typename Simd::Packet rows[4][4];
  Unrolled<4>([&](auto j) __attribute__((always_inline)) {
    const auto d0 = read(0, j), d1 = read(1, j), d2 = read(2, j), d3 = read(3, j);
    rows[0][j] = Simd::Subtract(d0, d2);
    rows[1][j] = Simd::Add(d1, d2);
    rows[2][j] = Simd::Subtract(d2, d1);
    rows[3][j] = Simd::Subtract(d1, d3);
  });
  Unrolled<4>([&](auto i) __attribute__((always_inline)) {
    T* const row = to + 4 * i * plane;
    Simd::Store(row, Simd::Subtract(rows[i][0], rows[i][2]));
    Simd::Store(row + plane, Simd::Add(rows[i][1], rows[i][2]));
    Simd::Store(row + 2 * plane, Simd::Subtract(rows[i][2], rows[i][1]));
    Simd::Store(row + 3 * plane, Simd::Subtract(rows[i][1], rows[i][3]));
  });
}

template <typename Simd, typename T = typename Simd::Scalar>
void TransformWindows(const PixelRows<const T>& pixels, int32_t channels, const TileRun& run, const TilePlanes<T>& to) {
  const int64_t height = run.height + 2, width = run.width + 2;
  ForEachTile(
      run, [&](int64_t t, int64_t y, int64_t x) __attribute__((always_inline)) {
        const T* const window = pixels.data + y * pixels.line + x * pixels.pixel;
        T* const tile = to.data + t * to.stride;
        if (y + 4 <= height && x + 4 <= width) {
          ForEachChannels<Simd>(
              channels, [&](int32_t c, const auto& load) __attribute__((always_inline)) {
                TransformWindow<Simd>(
                    [&](int i, int j)
                        __attribute__((always_inline)) { return load(window + i * pixels.line + j * pixels.pixel); },
                    to.plane, tile + c);
              });
          return;
        }
        ForEachChannels<Simd>(
            channels, [&](int32_t c, const auto& load) __attribute__((always_inline)) {
              TransformWindow<Simd>(
                  [&](int i, int j) __attribute__((always_inline)) {
                    if (y + i >= height || x + j >= width) return Simd::Broadcast(T(0));
                    return load(window + i * pixels.line + j * pixels.pixel);
                  },
                  to.plane, tile + c);
            });
      });
}

template <typename Simd, typename T = typename Simd::Scalar>
void TransformDeltas(const PixelRows<const T>& deltas, int32_t channels, const TileRun& run, const TilePlanes<T>& to) {
  using Packet = typename Simd::Packet;
  ForEachTile(
      run, [&](int64_t t, int64_t y, int64_t x) __attribute__((always_inline)) {
        const T* const pixel = deltas.data + y * deltas.line + x * deltas.pixel;
        const bool below = y + 1 < run.height, right = x + 1 < run.width;
        ForEachChannels<Simd>(
            channels, [&](int32_t c, const auto& load) __attribute__((always_inline)) {
              const Packet zero = Simd::Broadcast(T(0));
              const Packet d[2][2] = {{load(pixel), right ? load(pixel + deltas.pixel) : zero},
                                      {below ? load(pixel + deltas.line) : zero,
                                       below && right ? load(pixel + deltas.line + deltas.pixel) : zero}};
              Packet rows[4][2];
              Unrolled<2>([&](auto j) __attribute__((always_inline)) {
                rows[0][j] = d[0][j];
                rows[1][j] = Simd::Add(d[0][j], d[1][j]);
                rows[2][j] = Simd::Subtract(d[0][j], d[1][j]);
                rows[3][j] = Simd::Subtract(zero, d[1][j]);
              });
              T* const tile = to.data + t * to.stride + c;
              Unrolled<4>([&](auto i) __attribute__((always_inline)) {
                T* const row = tile + 4 * i * to.plane;
                Simd::Store(row, rows[i][0]);
                Simd::Store(row + to.plane, Simd::Add(rows[i][0], rows[i][1]));
                Simd::Store(row + 2 * to.plane, Simd::Subtract(rows[i][0], rows[i][1]));
                Simd::Store(row + 3 * to.plane, Simd::Subtract(zero, rows[i][1]));
              });
            });
      });
}

template <typename Simd, typename T = typename Simd::Scalar>
void TransformOutputs(const TilePlanes<const T>& from, int32_t channels, const TileRun& run, const ChainStart<T>& start,
                      Finish finish, const PixelRows<const T>& gate, const PixelRows<T>& out) {
  using Packet = typename Simd::Packet;
  WithFinish(
      finish, [&](auto how) __attribute__((always_inline)) {
        ForEachTile(
            run, [&](int64_t t, int64_t y, int64_t x) __attribute__((always_inline)) {
              const bool exists[2][2] = {{true, x + 1 < run.width},
                                         {y + 1 < run.height, y + 1 < run.height && x + 1 < run.width}};
              for (int32_t c = 0; c < channels; c += Simd::kLanes) {
                const T* const tile = from.data + t * from.stride + c;
                Packet sums[2][4];
                Unrolled<4>([&](auto j) __attribute__((always_inline)) {
                  const auto m = [&](int i) __attribute__((always_inline)) {
                    return Simd::Load(tile + (4 * i + j) * from.plane);
                  };
                  const Packet m1 = m(1), m2 = m(2);
                  sums[0][j] = Simd::Add(Simd::Add(m(0), m1), m2);
                  sums[1][j] = Simd::Subtract(Simd::Subtract(m1, m2), m(3));
                });
                Unrolled<2>([&](auto i) __attribute__((always_inline)) {
                  const Packet pixels[2] = {Simd::Add(Simd::Add(sums[i][0], sums[i][1]), sums[i][2]),
                                            Simd::Subtract(Simd::Subtract(sums[i][1], sums[i][2]), sums[i][3])};
                  Unrolled<2>([&](auto j) __attribute__((always_inline)) {
                    if (!exists[i][j]) return;
                    const int32_t rest = channels - c;
                    T* const to = out.data + (y + i) * out.line + (x + j) * out.pixel + c;
                    Packet value = pixels[j];
                    if (start.accumulate) {
                      value = Simd::Add(rest >= Simd::kLanes ? Simd::Load(to) : Simd::LoadFirst(to, rest), value);
                    } else if (start.initial != nullptr) {
                      value = Simd::Add(value, Simd::Load(start.initial + c));
                    }
                    const T* gates = nullptr;
                    if constexpr (how == Finish::kReluGate || how == Finish::kTanhGate) {
                      gates = gate.data + (y + i) * gate.line + (x + j) * gate.pixel + c;
                    }
                    StoreColumns<Simd>(to, rest, false, Finished<Simd>(how, value, gates));
                  });
                });
              }
            });
      });
}

// Tiles first .. first + R - 1 in V packets of filters from `column` on.
template <typename Simd, int R, int V, typename T = typename Simd::Scalar>
void PlaneTile(const T* from, int64_t stride, int32_t channels, const T* panel, T* to, int64_t to_stride) {
  constexpr int kPanelPackets = kPanelColumns<T> / Simd::kLanes;
  const int64_t panel_stride = int64_t{channels} * kPanelColumns<T>;
  Tile<Simd, R, V> tile;
  tile.Fill(nullptr);
  for (int32_t c = 0; c < channels; ++c, panel += kPanelColumns<T>) {
    tile.MultiplyAdd(
        [&](auto r) __attribute__((always_inline)) { return from[r * stride + c]; },
        [&](auto v) __attribute__((always_inline)) {
          return panel + v / kPanelPackets * panel_stride + v % kPanelPackets * Simd::kLanes;
        });
  }
  tile.ForEach([&](auto r, auto v) __attribute__((always_inline)) {
    Simd::Store(to + r * to_stride + v * Simd::kLanes, tile.sum[r][v]);
  });
}

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyPlanes(const TilePlanes<const T>& from, int64_t count, int32_t channels, int32_t filters,
                    const T* matrices, const TilePlanes<T>& to) {
  constexpr int32_t kColumns = kPanelColumns<T>;
  const int64_t packed = int64_t{channels} * ((filters + kColumns - 1) / kColumns * kColumns);
  for (int k = 0; k < kWinogradPlaces; ++k) {
    const T* const left = from.data + k * from.plane;
    const T* const matrix = matrices + k * packed;
    T* const out = to.data + k * to.plane;
    ForEachStretch<Simd, Simd::kPatchPackets>(
        0, filters, [&](int32_t column, auto packets) __attribute__((always_inline)) {
          const T* const panel = matrix + column / kColumns * channels * int64_t{kColumns} + column % kColumns;
          ForEachGroup<Simd::MaxRows(packets)>(
              count, [&](int64_t first, auto size) __attribute__((always_inline)) {
                PlaneTile<Simd, size, packets>(left + first * from.stride, from.stride, channels, panel,
                                               out + first * to.stride + column, to.stride);
              });
        });
  }
}

// Tiles at one place, and their derivatives.
template <typename T>
struct PlaneRows {
  template <int R>
  struct Cursor {
    const T* left;
    const T* right;
    int64_t left_stride, right_stride;

    [[gnu::always_inline]] T Left(int r) const { return left[r]; }
    [[gnu::always_inline]] const T* Right() const { return right; }
    [[gnu::always_inline]] void Advance() {
      left += left_stride;
      right += right_stride;
    }
  };
  template <int R>
  [[gnu::always_inline]] Cursor<R> At(int64_t t, int64_t c, int32_t column) const {
    return {from + t * stride + c, deltas + t * delta_stride + column, stride, delta_stride};
  }

  const T* from;
  int64_t stride;
  const T* deltas;
  int64_t delta_stride;
};

template <typename Simd, typename T = typename Simd::Scalar>
void MultiplyTransposedPlanes(const TilePlanes<const T>& from, const TilePlanes<const T>& deltas, int64_t count,
                              int32_t channels, int32_t filters, bool accumulate, T* sums) {
  for (int k = 0; k < kWinogradPlaces; ++k) {
    TransposedProduct<Simd>(
        PlaneRows<T>{from.data + k * from.plane, from.stride, deltas.data + k * deltas.plane, deltas.stride}, count,
        channels, filters, accumulate, sums + k * int64_t{channels} * filters);
  }
}

}  // namespace basin::worker::train::kernels
