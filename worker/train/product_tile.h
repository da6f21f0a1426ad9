#pragma once

#include <cstdint>

#include "worker/train/packet.h"
#include "worker/train/product.h"

// What the products share: sums that stay in registers. Included by sources alone.
namespace basin::worker::train {

// A tile has at most kTileRows rows: with two packets a row, twelve accumulators and what feeds them fill the sixteen
// vector registers, and the latency of the multiply-adds is hidden.
inline constexpr int kTileRows = 6;

// R rows of V packets of a result.
template <typename T, int R, int V>
struct Tile {
  Packet<T> sum[R][V];

  // Every row becomes `initial`, or zeros if that is null.
  [[gnu::always_inline]] void Fill(const T* initial) {
    for (int v = 0; v < V; ++v) {
      const Packet<T> value = initial == nullptr ? Broadcast<T>(T(0)) : Load(initial + v * kLanes<T>);
      for (int r = 0; r < R; ++r) sum[r][v] = value;
    }
  }

  // Row r becomes what stands at from + r * stride.
  [[gnu::always_inline]] void LoadFrom(const T* from, int64_t stride) {
    for (int r = 0; r < R; ++r) {
      for (int v = 0; v < V; ++v) sum[r][v] = Load(from + r * stride + v * kLanes<T>);
    }
  }

  // sum[r][v] += left[r][place] * right[v].
  [[gnu::always_inline]] void MultiplyAdd(const T* const (&left)[R], int64_t place, const T* right) {
    Packet<T> b[V];
    for (int v = 0; v < V; ++v) b[v] = Load(right + v * kLanes<T>);
    for (int r = 0; r < R; ++r) {
      const Packet<T> a = Broadcast<T>(left[r][place]);
      for (int v = 0; v < V; ++v) sum[r][v] = packet::pmadd(a, b[v], sum[r][v]);
    }
  }

  // sum[r][v] += left[r] * right[v].
  [[gnu::always_inline]] void MultiplyAddColumn(const T* left, const T* right) {
    Packet<T> b[V];
    for (int v = 0; v < V; ++v) b[v] = Load(right + v * kLanes<T>);
    for (int r = 0; r < R; ++r) {
      const Packet<T> a = Broadcast<T>(left[r]);
      for (int v = 0; v < V; ++v) sum[r][v] = packet::pmadd(a, b[v], sum[r][v]);
    }
  }
};

// `gate` points to the packet of gates that belongs to x.
template <typename T>
[[gnu::always_inline]] inline Packet<T> Finished(Finish finish, const Packet<T>& x, const T* gate) {
  const Packet<T> zero = Broadcast<T>(T(0));
  switch (finish) {
    case Finish::kNone:
      return x;
    case Finish::kRelu:
      return Relu<T>(x);
    case Finish::kReluGate:
      return packet::pselect(packet::pcmp_lt(zero, Load(gate)), x, zero);
    case Finish::kTanhGate: {
      const Packet<T> y = Load(gate);
      return packet::pmul(x, packet::psub(Broadcast<T>(T(1)), packet::pmul(y, y)));
    }
  }
  return x;
}

// Stores, or adds to what stands there, the lanes that lie below `columns`: all, some, or none if it is not positive.
template <typename T>
[[gnu::always_inline]] inline void StoreColumns(T* to, int32_t columns, bool accumulate, const Packet<T>& value) {
  if (columns >= kLanes<T>) {
    Store<T>(to, accumulate ? packet::padd(Load(to), value) : value);
    return;
  }
  alignas(64) T lanes[kLanes<T>];
  packet::pstore(lanes, value);
  for (int32_t j = 0; j < columns; ++j) to[j] = accumulate ? to[j] + lanes[j] : lanes[j];
}

// Calls visit(first, std::integral_constant<int, size>) for groups of at most kTileRows that share 0 .. count - 1 as
// evenly as possible: 32 rows are 6 + 6 + 5 + 5 + 5 + 5, for a group of two would leave the arithmetic units idle.
template <typename Visit>
[[gnu::always_inline]] inline void ForEachGroup(int64_t count, const Visit& visit) {
  static_assert(kTileRows == 6);
  const int64_t groups = (count + kTileRows - 1) / kTileRows;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t first = count * g / groups;
    switch (count * (g + 1) / groups - first) {
      case 1:
        visit(first, std::integral_constant<int, 1>());
        break;
      case 2:
        visit(first, std::integral_constant<int, 2>());
        break;
      case 3:
        visit(first, std::integral_constant<int, 3>());
        break;
      case 4:
        visit(first, std::integral_constant<int, 4>());
        break;
      case 5:
        visit(first, std::integral_constant<int, 5>());
        break;
      default:
        visit(first, std::integral_constant<int, 6>());
    }
  }
}

}  // namespace basin::worker::train
