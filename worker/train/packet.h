#pragma once

#include "Eigen/Core"

// Eigen's SIMD packets, for float and double alike, as the kernels of this folder use them. Included by sources alone.
//
// Everything here is elementwise, so that a result depends neither on an address nor on an element's place in a packet.
namespace basin::worker::train {

namespace packet = Eigen::internal;

template <typename T>
using Packet = typename packet::packet_traits<T>::type;

// Elements of a packet: 8 floats or 4 doubles.
template <typename T>
inline constexpr int kLanes = packet::packet_traits<T>::size;

// The results are defined for these widths; another instruction set would change sums over lanes.
static_assert(kLanes<float> == 8 && kLanes<double> == 4, "the engine is built for AVX2 and FMA (x86-64-v3)");

template <typename T>
[[gnu::always_inline]] inline Packet<T> Load(const T* from) {
  return packet::ploadu<Packet<T>>(from);
}
template <typename T>
[[gnu::always_inline]] inline Packet<T> Broadcast(T value) {
  return packet::pset1<Packet<T>>(value);
}
template <typename T>
[[gnu::always_inline]] inline void Store(T* to, const Packet<T>& value) {
  packet::pstoreu(to, value);
}

// The first `count` lanes and no memory of others, 1 <= count < kLanes; the others are zero.
template <typename T>
[[gnu::always_inline]] inline Packet<T> LoadFirst(const T* from, int count) {
  alignas(64) T lanes[kLanes<T>] = {};
  for (int i = 0; i < count; ++i) lanes[i] = from[i];
  return packet::pload<Packet<T>>(lanes);
}
// Stores the first `count` lanes, 1 <= count < kLanes.
template <typename T>
[[gnu::always_inline]] inline void StoreFirst(T* to, const Packet<T>& value, int count) {
  alignas(64) T lanes[kLanes<T>];
  packet::pstore(lanes, value);
  for (int i = 0; i < count; ++i) to[i] = lanes[i];
}

// The sum of the lanes, in a fixed order.
template <typename T>
[[gnu::always_inline]] inline T SumLanes(const Packet<T>& value) {
  alignas(64) T lanes[kLanes<T>];
  packet::pstore(lanes, value);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// The greatest lane. NaN lanes may or may not win.
template <typename T>
[[gnu::always_inline]] inline T MaxLane(const Packet<T>& value) {
  alignas(64) T lanes[kLanes<T>];
  packet::pstore(lanes, value);
  T greatest = lanes[0];
  for (int i = 1; i < kLanes<T>; ++i) greatest = lanes[i] > greatest ? lanes[i] : greatest;
  return greatest;
}

// All bits set in the lanes below `count`.
template <typename T>
[[gnu::always_inline]] inline Packet<T> FirstLanes(int count) {
  return packet::pcmp_lt(packet::plset<Packet<T>>(T(0)), Broadcast<T>(T(count)));
}

// max(x, 0); NaN stays NaN, so that a divergence is seen.
template <typename T>
[[gnu::always_inline]] inline Packet<T> Relu(const Packet<T>& x) {
  const Packet<T> zero = Broadcast<T>(T(0));
  return packet::pselect(packet::pcmp_lt(x, zero), zero, x);
}

// Eigen's rational approximation, within a few units in the last place; NaN stays NaN.
[[gnu::always_inline]] inline Packet<float> Tanh(const Packet<float>& x) {
  const Packet<float> result = packet::ptanh(x);
  return packet::pselect(packet::pcmp_eq(x, x), result, x);
}
// By exp; absolute error of about 1e-16. Double is for gradient checks alone.
[[gnu::always_inline]] inline Packet<double> Tanh(const Packet<double>& x) {
  const Packet<double> one = Broadcast<double>(1), zero = Broadcast<double>(0);
  const Packet<double> magnitude = packet::pabs(x);
  const Packet<double> e = packet::pexp(packet::pmul(Broadcast<double>(-2), magnitude));
  const Packet<double> result = packet::pdiv(packet::psub(one, e), packet::padd(one, e));
  return packet::pselect(packet::pcmp_lt(x, zero), packet::pnegate(result), result);
}

}  // namespace basin::worker::train
