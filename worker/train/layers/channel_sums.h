#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "worker/train/image_shape.h"
#include "worker/train/layers/elementwise.h"

// What normalizations need of an image, a channel. Included by sources alone.
namespace basin::worker::train {

// Room for a number a channel, whole packets long.
inline int64_t ChannelRoom(const ImageShape& shape) { return (shape.channels + 15) / 16 * 16; }

// sums[k][c] = sum over the pixels, in their order, of term(y, x, c)[k], a packet of channels from c on. Of `sums`,
// ChannelRoom elements each are overwritten.
template <typename T, size_t N, typename Term>
[[gnu::always_inline]] inline void SumOverPixels(const ImageShape& shape, const std::array<T*, N>& sums,
                                                 const Term& term) {
  constexpr int kWidth = 2;  // Packets side by side: they hide each other's latency.
  for (int64_t c = 0; c < shape.channels; c += kWidth * kLanes<T>) {
    Packet<T> totals[kWidth][N];
    for (auto& packets : totals) {
      for (Packet<T>& total : packets) total = Broadcast<T>(T(0));
    }
    // A packet beyond the last channel would read too far.
    const int width = shape.channels - c > kLanes<T> ? kWidth : 1;
    for (int64_t y = 0; y < shape.height; ++y) {
      for (int64_t x = 0; x < shape.width; ++x) {
        for (int v = 0; v < width; ++v) {
          const std::array<Packet<T>, N> terms = term(y, x * shape.channels, c + v * kLanes<T>);
          for (size_t k = 0; k < N; ++k) totals[v][k] = packet::padd(totals[v][k], terms[k]);
        }
      }
    }
    for (int v = 0; v < width; ++v) {
      for (size_t k = 0; k < N; ++k) Store<T>(sums[k] + c + v * kLanes<T>, totals[v][k]);
    }
  }
}

// Calls visit(y, x, c, remaining) for each packet of channels of each pixel; x counts elements.
template <typename T, typename Visit>
[[gnu::always_inline]] inline void ForEachPixelPacket(const ImageShape& shape, const Visit& visit) {
  for (int64_t y = 0; y < shape.height; ++y) {
    for (int64_t x = 0; x < shape.width; ++x) {
      for (int64_t c = 0; c < shape.channels; c += kLanes<T>) visit(y, x * shape.channels, c, shape.channels - c);
    }
  }
}

}  // namespace basin::worker::train
