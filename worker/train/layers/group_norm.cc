#include "worker/train/layers/group_norm.h"

#include <cmath>

#include "worker/train/layers/channel_sums.h"

namespace basin::worker::train {

template <typename T>
void GroupNormLayer<T>::Measure(const T* values, int64_t line, T* state) const {
  const ImageShape& shape = node_.output;
  T* means = state + kMean * room();
  T* inverses = state + kInverseDeviation * room();
  const int32_t size = group_channels();
  const double count = static_cast<double>(shape.pixels()) * size;
  const auto mean_of_groups = [&](T* sums, const auto& finish) {
    for (int32_t begin = 0; begin < shape.channels; begin += size) {
      double total = 0;
      for (int32_t c = begin; c < begin + size; ++c) total += static_cast<double>(sums[c]);
      std::fill_n(sums + begin, size, static_cast<T>(finish(total / count)));
    }
  };
  SumOverPixels<T, 1>(shape, {means}, [&](int64_t y, int64_t x, int64_t c) {
    return std::array<Packet<T>, 1>{Load(values + y * line + x + c)};
  });
  mean_of_groups(means, [](double mean) { return mean; });
  SumOverPixels<T, 1>(shape, {inverses}, [&](int64_t y, int64_t x, int64_t c) {
    const Packet<T> distance = packet::psub(Load(values + y * line + x + c), Load(means + c));
    return std::array<Packet<T>, 1>{packet::pmul(distance, distance)};
  });
  mean_of_groups(inverses, [this](double variance) { return 1 / std::sqrt(variance + node_.epsilon); });
}

template <typename T>
void GroupNormLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const T* scale = pass.params + node_.weights;
  const T* shift = pass.params + node_.biases;
  for (int64_t i = first; i < first + count; ++i) {
    const T* from = pass.in[0].rows[i];
    T* state = pass.example_state + i * ExampleStateSize();
    Measure(from, pass.in[0].line, state);
    const T* mean = state + kMean * room();
    const T* inverse = state + kInverseDeviation * room();
    T* to = pass.out.at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const Packet<T> distance = packet::psub(Load(from + y * pass.in[0].line + x + c), Load(mean + c));
      const Packet<T> normal = packet::pmul(distance, Load(inverse + c));
      const Packet<T> result = packet::pmadd(normal, Load(scale + c), Load(shift + c));
      StoreLanes<T>(to + y * pass.out.line + x + c, Activated<T>(node_.activation, result), remaining);
    });
  }
}

template <typename T>
void GroupNormLayer<T>::CombineDeltas(const T* scales, T* state) const {
  const int32_t size = group_channels();
  const double count = static_cast<double>(node_.output.pixels()) * size;
  for (int32_t begin = 0; begin < node_.output.channels; begin += size) {
    double slope = 0, offset = 0;
    for (int32_t c = begin; c < begin + size; ++c) {
      slope += static_cast<double>(scales[c]) * static_cast<double>(state[kScaleGradient * room() + c]);
      offset += static_cast<double>(scales[c]) * static_cast<double>(state[kShiftGradient * room() + c]);
    }
    const auto inverse = static_cast<double>(state[kInverseDeviation * room() + begin]);
    // With d = the deviation: (scale * delta - offset / n - (x - mean) / d * slope / n) / d.
    std::fill_n(state + kDeltaOffset * room() + begin, size, static_cast<T>(-inverse * offset / count));
    std::fill_n(state + kDeltaSlope * room() + begin, size, static_cast<T>(-inverse * inverse * slope / count));
  }
}

template <typename T>
void GroupNormLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  const T* scale = pass.params + node_.weights;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* deltas = pass.out_deltas.at(i);
    T* state = pass.example_state + i * ExampleStateSize();
    const T* mean = state + kMean * room();
    const T* inverse = state + kInverseDeviation * room();
    const int64_t line = pass.in[0].line, delta_line = pass.out_deltas.line;
    SumOverPixels<T, 2>(node_.output, {state + kScaleGradient * room(), state + kShiftGradient * room()},
                        [&](int64_t y, int64_t x, int64_t c) {
                          const Packet<T> distance = packet::psub(Load(values + y * line + x + c), Load(mean + c));
                          const Packet<T> normal = packet::pmul(distance, Load(inverse + c));
                          const Packet<T> delta = Load(deltas + y * delta_line + x + c);
                          return std::array<Packet<T>, 2>{packet::pmul(delta, normal), delta};
                        });
    if (!edge.wanted) continue;
    CombineDeltas(scale, state);
    const T* offset = state + kDeltaOffset * room();
    const T* slope = state + kDeltaSlope * room();
    T* to = pass.in_deltas[0].at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const T* place = values + y * line + x + c;
      const Packet<T> distance = packet::psub(Load(place), Load(mean + c));
      const Packet<T> rest = packet::pmadd(distance, Load(slope + c), Load(offset + c));
      const Packet<T> factor = packet::pmul(Load(scale + c), Load(inverse + c));
      const Packet<T> delta = Load(deltas + y * delta_line + x + c);
      Settle<T>(edge, place, to + y * pass.in_deltas[0].line + x + c, packet::pmadd(delta, factor, rest), remaining);
    });
  }
}

template <typename T>
void GroupNormLayer<T>::Gradient(const Pass<T>& pass, int64_t, int64_t count, bool accumulate, T* result) const {
  const int32_t channels = node_.output.channels;
  for (int32_t k = 0; k < 2; ++k) {
    for (int32_t c = 0; c < channels; ++c) {
      T total = 0;
      for (int64_t i = 0; i < count; ++i) {
        total += pass.example_state[i * ExampleStateSize() + (kScaleGradient + k) * room() + c];
      }
      T& to = result[k * channels + c];
      to = accumulate ? to + total : total;
    }
  }
}

template class GroupNormLayer<float>;
template class GroupNormLayer<double>;

}  // namespace basin::worker::train
