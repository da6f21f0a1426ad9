#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "worker/train/packet.h"
#include "worker/train/product.h"

// What the products share: sums that stay in registers. Included by sources alone.
namespace basin::worker::train {

// A tile has at most kTileRows rows: with two packets a row, twelve accumulators and what feeds them fill the sixteen
// vector registers, and the latency of the multiply-adds is hidden.
inline constexpr int kTileRows = 6;

// Calls visit(std::integral_constant<int, i>()) for i = 0 .. N - 1, as straight code: sums that are named in a loop,
// even one that is unrolled later, live in memory.
template <int N, typename Visit>
[[gnu::always_inline]] inline void Unrolled(const Visit& visit) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (visit(std::integral_constant<int, i>()), ...);
  }
  (std::make_integer_sequence<int, N>());
}

// R rows of V packets of a result.
template <typename T, int R, int V>
struct Tile {
  Packet<T> sum[R][V];

  // Calls visit(r, v) with the place of each packet, both std::integral_constant.
  template <typename Visit>
  [[gnu::always_inline]] static void ForEach(const Visit& visit) {
    Unrolled<R>([&](auto r) __attribute__((always_inline)) {
      Unrolled<V>([&](auto v) __attribute__((always_inline)) { visit(r, v); });
    });
  }

  // Every row becomes `initial`, or zeros if that is null.
  [[gnu::always_inline]] void Fill(const T* initial) {
    if (initial == nullptr) {
      ForEach([&](auto r, auto v) __attribute__((always_inline)) { sum[r][v] = Broadcast<T>(T(0)); });
    } else {
      ForEach([&](auto r, auto v) __attribute__((always_inline)) { sum[r][v] = Load(initial + v * kLanes<T>); });
    }
  }

  // sum[r][v] += left(r) * right[v], where left(r) is a number.
  template <typename Left>
  [[gnu::always_inline]] void MultiplyAdd(const Left& left, const T* right) {
    Packet<T> b[V];
    Unrolled<V>([&](auto v) __attribute__((always_inline)) { b[v] = Load(right + v * kLanes<T>); });
    Unrolled<R>([&](auto r) __attribute__((always_inline)) {
      const Packet<T> a = Broadcast<T>(left(r));
      Unrolled<V>([&](auto v) __attribute__((always_inline)) { sum[r][v] = packet::pmadd(a, b[v], sum[r][v]); });
    });
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

// Calls visit(std::integral_constant<Finish, finish>()).
template <typename Visit>
[[gnu::always_inline]] inline void WithFinish(Finish finish, const Visit& visit) {
  switch (finish) {
    case Finish::kNone:
      return visit(std::integral_constant<Finish, Finish::kNone>());
    case Finish::kRelu:
      return visit(std::integral_constant<Finish, Finish::kRelu>());
    case Finish::kReluGate:
      return visit(std::integral_constant<Finish, Finish::kReluGate>());
    case Finish::kTanhGate:
      return visit(std::integral_constant<Finish, Finish::kTanhGate>());
  }
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
  if (count <= 0) return;
  const int64_t groups = (count + kTileRows - 1) / kTileRows, size = count / groups, longer = count % groups;
  for (int64_t g = 0, first = 0; g < groups; ++g) {
    const int64_t rows = size + (g < longer);
    switch (rows) {
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
    first += rows;
  }
}

}  // namespace basin::worker::train
