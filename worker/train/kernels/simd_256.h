#pragma once

#include <cstdint>

#include "worker/train/packet.h"

namespace basin::worker::train::kernels {

// AVX2 and FMA: sixteen registers, of 8 floats or 4 doubles each. What every machine has that runs the engine.
template <typename T>
struct Simd256 {
  using Scalar = T;
  using Packet = train::Packet<T>;
  static constexpr int kLanes = train::kLanes<T>;

  // Rows of a tile of V packets a row: twelve sums and what feeds them fill the registers and hide the latency of the
  // multiply-adds.
  static constexpr int MaxRows(int /*packets*/) { return 6; }
  // Packets a row in a tile of some rows.
  static constexpr int MaxPackets(int rows) { return rows == 1 ? 8 : rows == 2 ? 4 : rows == 3 ? 3 : 2; }

  // Rows of deltas, of which two packets stay in the first-level cache while a gradient's rows go by.
  static constexpr int64_t kGradientBlockRows = 128;
  // Rows of a panel of the matrix that stay there while all patches go by.
  static constexpr int32_t kPatchBlockDepth = 256;
  // Packets a row in a product of patches and in a gradient.
  static constexpr int kPatchPackets = 2;
  static constexpr int kGradientPackets = 2;

  [[gnu::always_inline]] static Packet Load(const T* from) { return train::Load(from); }
  [[gnu::always_inline]] static void Store(T* to, const Packet& x) { train::Store<T>(to, x); }
  [[gnu::always_inline]] static Packet Broadcast(T x) { return train::Broadcast<T>(x); }
  [[gnu::always_inline]] static Packet Add(const Packet& a, const Packet& b) { return packet::padd(a, b); }
  [[gnu::always_inline]] static Packet Multiply(const Packet& a, const Packet& b) { return packet::pmul(a, b); }
  [[gnu::always_inline]] static Packet Subtract(const Packet& a, const Packet& b) { return packet::psub(a, b); }
  // a b + c, rounded once.
  [[gnu::always_inline]] static Packet MultiplyAdd(const Packet& a, const Packet& b, const Packet& c) {
    return packet::pmadd(a, b, c);
  }
  // x where y > 0, else 0.
  [[gnu::always_inline]] static Packet WherePositive(const Packet& y, const Packet& x) {
    const Packet zero = Broadcast(T(0));
    return packet::pselect(packet::pcmp_lt(zero, y), x, zero);
  }
  // max(x, 0); NaN stays NaN.
  [[gnu::always_inline]] static Packet Relu(const Packet& x) { return train::Relu<T>(x); }
  // The first `count` lanes and no memory of others, 1 <= count < kLanes; the others are zero.
  [[gnu::always_inline]] static Packet LoadFirst(const T* from, int count) { return train::LoadFirst(from, count); }
  [[gnu::always_inline]] static void StoreFirst(T* to, const Packet& x, int count) {
    train::StoreFirst<T>(to, x, count);
  }
};

}  // namespace basin::worker::train::kernels
