#pragma once

#include <cstdint>

#include "worker/train/kernels/simd_256.h"
#include "worker/train/kernels/tile.h"
#include "worker/train/layers/layer.h"
#include "worker/train/layers/layout.h"
#include "worker/train/packet.h"

// What layers do to each value by itself. Included by sources alone.
namespace basin::worker::train {

// What is stored for a node's sum x.
template <typename T>
[[gnu::always_inline]] inline Packet<T> Activated(Activation activation, const Packet<T>& x) {
  switch (activation) {
    case Activation::kRelu:
      return Relu<T>(x);
    case Activation::kTanh:
      return Tanh(x);
    default:
      return x;
  }
}

using kernels::WithFinish;

// A value as it is stored; `gate` points to the packet of gates that belongs to it.
template <typename T>
[[gnu::always_inline]] inline Packet<T> Finished(Finish finish, const Packet<T>& x, const T* gate) {
  return kernels::Finished<kernels::Simd256<T>>(finish, x, gate);
}

// Stores the lanes that lie below `remaining`, which is positive.
template <typename T>
[[gnu::always_inline]] inline void StoreLanes(T* to, const Packet<T>& value, int64_t remaining) {
  if (remaining >= kLanes<T>) {
    Store<T>(to, value);
  } else {
    StoreFirst<T>(to, value, static_cast<int>(remaining));
  }
}

// Adds a packet to an input's derivatives or sets them, as the edge says; `gate` is where the input's values stand.
// Of the packet, the first `columns` lanes count.
template <typename T>
[[gnu::always_inline]] inline void Settle(const typename Pass<T>::Edge& edge, const T* gate, T* to, Packet<T> value,
                                          int64_t columns) {
  if (edge.accumulate) value = packet::padd(Load(to), value);
  StoreLanes<T>(to, Finished<T>(edge.finish, value, gate), columns);
}

// Calls visit(offset_a, offset_b, remaining) for each packet of an image that lies in two ways: where it begins from
// the first pixel on, and how many elements of the stretch are left.
template <typename T, typename Visit>
[[gnu::always_inline]] inline void ForEachPacket(const ImageShape& shape, int64_t line_a, int64_t line_b,
                                                 const Visit& visit) {
  const Stretches stretches = StretchesOf(shape, {line_a, line_b});
  for (int64_t y = 0; y < stretches.count; ++y) {
    for (int64_t i = 0; i < stretches.length; i += kLanes<T>)
      visit(y * line_a + i, y * line_b + i, stretches.length - i);
  }
}

// x <- tanh(x) for the values of an example.
template <typename T>
inline void ApplyTanh(const ImageShape& shape, const Values<T>& values, int64_t example) {
  ForEachPacket<T>(shape, values.line, values.line, [&](int64_t place, int64_t, int64_t remaining) {
    T* to = values.at(example) + place;
    StoreLanes<T>(to, Tanh(Load(to)), remaining);
  });
}

// Sets what a layer that adds to its input's derivatives begins with: zeros, unless the edge accumulates.
template <typename T>
inline void BeginDeltas(const ImageShape& shape, const typename Pass<T>::Edge& edge, const Values<T>& deltas,
                        int64_t example) {
  if (edge.accumulate) return;
  const Stretches stretches = StretchesOf(shape, {deltas.line});
  for (int64_t y = 0; y < stretches.count; ++y) {
    std::fill_n(deltas.at(example) + y * deltas.line, stretches.length, T(0));
  }
}

// And what it ends with, when all is added.
template <typename T>
inline void FinishDeltas(const ImageShape& shape, const typename Pass<T>::Edge& edge, const Values<T>& values,
                         const Values<T>& deltas, int64_t example) {
  if (edge.finish == Finish::kNone) return;
  ForEachPacket<T>(shape, deltas.line, values.line, [&](int64_t d, int64_t v, int64_t remaining) {
    T* to = deltas.at(example) + d;
    StoreLanes<T>(to, Finished<T>(edge.finish, Load(to), values.rows[example] + v), remaining);
  });
}

}  // namespace basin::worker::train
