#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "worker/train/product.h"

// What the products share: sums that stay in registers. `Simd` is an instruction set's packets of numbers: Simd256 or
// Simd512, whose members are documented at the former.
//
// Every function here is inlined or a template over Simd, so that no code for one instruction set is linked into what
// runs on another.
namespace basin::worker::train::kernels {

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
template <typename Simd, int R, int V>
struct Tile {
  using T = typename Simd::Scalar;
  using Packet = typename Simd::Packet;
  static constexpr int kLanes = Simd::kLanes;

  Packet sum[R][V];

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
      ForEach([&](auto r, auto v) __attribute__((always_inline)) { sum[r][v] = Simd::Broadcast(T(0)); });
    } else {
      ForEach([&](auto r, auto v) __attribute__((always_inline)) { sum[r][v] = Simd::Load(initial + v * kLanes); });
    }
  }

  // Row r becomes what stands at from + r * stride.
  [[gnu::always_inline]] void LoadFrom(const T* from, int64_t stride) {
    ForEach([&](auto r, auto v)
                __attribute__((always_inline)) { sum[r][v] = Simd::Load(from + r * stride + v * kLanes); });
  }

  // sum[r][v] += left(r) * right(v), where left(r) is a number and right(v) points to a packet.
  template <typename Left, typename Right>
  [[gnu::always_inline]] void MultiplyAdd(const Left& left, const Right& right) {
    Packet b[V];
    Unrolled<V>([&](auto v) __attribute__((always_inline)) { b[v] = Simd::Load(right(v)); });
    Unrolled<R>([&](auto r) __attribute__((always_inline)) {
      const Packet a = Simd::Broadcast(left(r));
      Unrolled<V>([&](auto v) __attribute__((always_inline)) { sum[r][v] = Simd::MultiplyAdd(a, b[v], sum[r][v]); });
    });
  }
};

// A sum as it is stored; `gate` points to the packet of gates that belongs to it.
template <typename Simd>
[[gnu::always_inline]] inline typename Simd::Packet Finished(Finish finish, const typename Simd::Packet& x,
                                                             const typename Simd::Scalar* gate) {
  using T = typename Simd::Scalar;
  switch (finish) {
    case Finish::kNone:
      return x;
    case Finish::kRelu:
      return Simd::Relu(x);
    case Finish::kReluGate:
      return Simd::WherePositive(Simd::Load(gate), x);
    case Finish::kTanhGate: {
      const typename Simd::Packet y = Simd::Load(gate);
      return Simd::Multiply(x, Simd::Subtract(Simd::Broadcast(T(1)), Simd::Multiply(y, y)));
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
template <typename Simd>
[[gnu::always_inline]] inline void StoreColumns(typename Simd::Scalar* to, int32_t columns, bool accumulate,
                                                const typename Simd::Packet& value) {
  if (columns >= Simd::kLanes) {
    Simd::Store(to, accumulate ? Simd::Add(Simd::Load(to), value) : value);
  } else if (columns > 0) {
    Simd::StoreFirst(to, accumulate ? Simd::Add(Simd::LoadFirst(to, columns), value) : value, columns);
  }
}

// Calls visit(column, std::integral_constant<int, packets>()) for stretches of at most V packets that cover `columns`
// from `column` on; the last packet may reach beyond them.
template <typename Simd, int V, typename Visit>
[[gnu::always_inline]] inline void ForEachStretch(int32_t column, int32_t columns, const Visit& visit) {
  for (; columns - column > (V - 1) * Simd::kLanes; column += V * Simd::kLanes) {
    visit(column, std::integral_constant<int, V>());
  }
  if constexpr (V > 1) ForEachStretch<Simd, V / 2>(column, columns, visit);
}

// Calls visit(first, std::integral_constant<int, size>()) for groups of at most N that share 0 .. count - 1 as evenly
// as possible: 32 rows in groups of at most 6 are 6 + 6 + 5 + 5 + 5 + 5, for a group of two would leave the arithmetic
// units idle.
template <int N, typename Visit>
[[gnu::always_inline]] inline void ForEachGroup(int64_t count, const Visit& visit) {
  if (count <= 0) return;
  const int64_t groups = (count + N - 1) / N, size = count / groups, longer = count % groups;
  for (int64_t g = 0, first = 0; g < groups; ++g) {
    const int64_t rows = g < longer ? size + 1 : size;
    Unrolled<N>([&](auto i) __attribute__((always_inline)) {
      if (rows == i + 1) visit(first, std::integral_constant<int, i + 1>());
    });
    first += rows;
  }
}

}  // namespace basin::worker::train::kernels
