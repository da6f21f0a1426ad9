#pragma once

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "worker/train/packet.h"

// One loop for all methods that compute element by element. Included by sources alone.
namespace basin::worker::train {

using FloatPacket = Packet<float>;

// a * b + c, rounded once.
[[gnu::always_inline]] inline FloatPacket MultiplyAdd(const FloatPacket& a, const FloatPacket& b,
                                                      const FloatPacket& c) {
  return packet::pmadd(a, b, c);
}
[[gnu::always_inline]] inline FloatPacket Multiply(const FloatPacket& a, const FloatPacket& b) {
  return packet::pmul(a, b);
}
// Exactly rounded: Eigen's own square root is an approximation.
[[gnu::always_inline]] inline FloatPacket SquareRoot(const FloatPacket& x) { return _mm256_sqrt_ps(x); }
[[gnu::always_inline]] inline FloatPacket Divide(const FloatPacket& a, const FloatPacket& b) {
  return _mm256_div_ps(a, b);
}
// The greater one; a's NaN stays.
[[gnu::always_inline]] inline FloatPacket Greater(const FloatPacket& a, const FloatPacket& b) {
  return packet::pselect(packet::pcmp_lt(a, b), b, a);
}
[[gnu::always_inline]] inline FloatPacket Lesser(const FloatPacket& a, const FloatPacket& b) {
  return packet::pselect(packet::pcmp_lt(b, a), b, a);
}

// Calls formula(updated, read) for `count` elements of the arrays, a packet of each at a time, and stores what it left
// in `updated`. What is left over passes through the same instructions, among zeros, so that an element's bits depend
// neither on where a range begins nor on where it ends.
template <size_t kUpdated, size_t kRead, typename Formula>
[[gnu::always_inline]] inline void ForPackets(const std::array<float*, kUpdated>& updated,
                                              const std::array<const float*, kRead>& read, size_t count,
                                              const Formula& formula) {
  constexpr size_t kWidth = kLanes<float>;
  FloatPacket outputs[kUpdated], inputs[kRead];
  size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    for (size_t k = 0; k < kUpdated; ++k) outputs[k] = Load(updated[k] + i);
    for (size_t k = 0; k < kRead; ++k) inputs[k] = Load(read[k] + i);
    formula(outputs, inputs);
    for (size_t k = 0; k < kUpdated; ++k) Store<float>(updated[k] + i, outputs[k]);
  }
  if (i == count) return;
  const auto load_rest = [&](const float* from) {
    alignas(64) float rest[kWidth] = {};
    std::copy_n(from + i, count - i, rest);
    return Load(rest);
  };
  for (size_t k = 0; k < kUpdated; ++k) outputs[k] = load_rest(updated[k]);
  for (size_t k = 0; k < kRead; ++k) inputs[k] = load_rest(read[k]);
  formula(outputs, inputs);
  for (size_t k = 0; k < kUpdated; ++k) StoreFirst<float>(updated[k] + i, outputs[k], static_cast<int>(count - i));
}

}  // namespace basin::worker::train
