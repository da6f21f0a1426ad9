#include "worker/train/layers/group_norm.h"

#include <cmath>

#include "worker/train/layers/channel_sums.h"

namespace basin::worker::train {

template <typename T>
template <typename Finisher>
void GroupNormLayer<T>::MeanOfGroups(T* sums, const Finisher& finish) const {
  const int32_t size = group_channels();
  const double count = static_cast<double>(node_.output.pixels()) * size;
  for (int32_t begin = 0; begin < node_.output.channels; begin += size) {
    double total = 0;
    for (int32_t c = begin; c < begin + size; ++c) total += static_cast<double>(sums[c]);
    std::fill_n(sums + begin, size, static_cast<T>(finish(total / count, begin)));
  }
}

template <typename T>
void GroupNormLayer<T>::Measure(const T* values, int64_t line, T* state) const {
  const ImageShape& shape = node_.output;
  T* means = state + kMean * room();
  T* inverses = state + kInverseDeviation * room();
  SumOverPixels<T, 1>(shape, {means}, [&](int64_t y, int64_t x, int64_t c) {
    return std::array<Packet<T>, 1>{Load(values + y * line + x + c)};
  });
  MeanOfGroups(means, [](double mean, int32_t) { return mean; });
  SumOverPixels<T, 1>(shape, {inverses}, [&](int64_t y, int64_t x, int64_t c) {
    const Packet<T> distance = packet::psub(Load(values + y * line + x + c), Load(means + c));
    return std::array<Packet<T>, 1>{packet::pmul(distance, distance)};
  });
  MeanOfGroups(inverses, [this](double variance, int32_t) { return 1 / std::sqrt(variance + node_.epsilon); });
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

// With r = 1 / deviation: r' = -r^3 mean((x - mean) (x - mean)').
template <typename T>
void GroupNormLayer<T>::MeasureTangent(const T* values, const T* rates, int64_t line, const T* state,
                                       T* state_rates) const {
  T* mean_rates = state_rates + kMean * room();
  T* inverse_rates = state_rates + kInverseDeviation * room();
  if (rates == nullptr) {
    std::fill_n(mean_rates, room(), T(0));
    std::fill_n(inverse_rates, room(), T(0));
    return;
  }
  const T* means = state + kMean * room();
  SumOverPixels<T, 1>(node_.output, {mean_rates}, [&](int64_t y, int64_t x, int64_t c) {
    return std::array<Packet<T>, 1>{Load(rates + y * line + x + c)};
  });
  MeanOfGroups(mean_rates, [](double mean, int32_t) { return mean; });
  SumOverPixels<T, 1>(node_.output, {inverse_rates}, [&](int64_t y, int64_t x, int64_t c) {
    const int64_t place = y * line + x + c;
    return std::array<Packet<T>, 1>{packet::pmul(packet::psub(Load(values + place), Load(means + c)),
                                                 packet::psub(Load(rates + place), Load(mean_rates + c)))};
  });
  MeanOfGroups(inverse_rates, [&](double mean, int32_t channel) {
    const auto inverse = static_cast<double>(state[kInverseDeviation * room() + channel]);
    return -inverse * inverse * inverse * mean;
  });
}

// ((x - mean) r scale + shift)' = ((x - mean)' r + (x - mean) r') scale + (x - mean) r scale' + shift'.
template <typename T>
void GroupNormLayer<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                       int64_t count) const {
  const bool varies = pass.edges[0].wanted;
  const Finish gate = GateOf(node_.activation);
  const T* scale = pass.params + node_.weights;
  const T* scale_rate = tangent.params + node_.weights;
  const T* shift_rate = tangent.params + node_.biases;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* rates = varies ? tangent.in[0].rows[i] : nullptr;
    const T* state = pass.example_state + i * ExampleStateSize();
    T* state_rates = tangent.example_state + i * ExampleStateSize();
    MeasureTangent(values, rates, pass.in[0].line, state, state_rates);
    const T* mean = state + kMean * room();
    const T* inverse = state + kInverseDeviation * room();
    const T* mean_rate = state_rates + kMean * room();
    const T* inverse_rate = state_rates + kInverseDeviation * room();
    const T* out = pass.out.at(i);
    T* to = tangent.out.at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const int64_t from = y * pass.in[0].line + x + c, place = y * pass.out.line + x + c;
      const Packet<T> distance = packet::psub(Load(values + from), Load(mean + c));
      Packet<T> normal_rate = packet::pmul(distance, Load(inverse_rate + c));
      if (varies) {
        const Packet<T> distance_rate = packet::psub(Load(rates + from), Load(mean_rate + c));
        normal_rate = packet::pmadd(distance_rate, Load(inverse + c), normal_rate);
      }
      Packet<T> rate =
          packet::pmadd(packet::pmul(distance, Load(inverse + c)), Load(scale_rate + c), Load(shift_rate + c));
      rate = packet::pmadd(normal_rate, Load(scale + c), rate);
      StoreLanes<T>(to + place, Finished<T>(gate, rate, out + place), remaining);
    });
  }
}

template <typename T>
void GroupNormLayer<T>::CombineTangent(const T* scales, const T* scale_rates, const T* state, T* state_rates) const {
  const int32_t size = group_channels();
  const double count = static_cast<double>(node_.output.pixels()) * size;
  const auto at = [this](const T* array, Array which, int32_t c) {
    return static_cast<double>(array[which * room() + c]);
  };
  for (int32_t begin = 0; begin < node_.output.channels; begin += size) {
    double slope = 0, offset = 0, slope_rate = 0, offset_rate = 0;
    for (int32_t c = begin; c < begin + size; ++c) {
      const auto scale = static_cast<double>(scales[c]), scale_rate = static_cast<double>(scale_rates[c]);
      slope += scale * at(state, kScaleGradient, c);
      offset += scale * at(state, kShiftGradient, c);
      slope_rate += scale_rate * at(state, kScaleGradient, c) + scale * at(state_rates, kScaleGradient, c);
      offset_rate += scale_rate * at(state, kShiftGradient, c) + scale * at(state_rates, kShiftGradient, c);
    }
    const double inverse = at(state, kInverseDeviation, begin), rate = at(state_rates, kInverseDeviation, begin);
    std::fill_n(state_rates + kDeltaOffset * room() + begin, size,
                static_cast<T>(-(rate * offset + inverse * offset_rate) / count));
    std::fill_n(state_rates + kDeltaSlope * room() + begin, size,
                static_cast<T>(-(2 * inverse * rate * slope + inverse * inverse * slope_rate) / count));
  }
}

template <typename T>
void GroupNormLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                        int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  const T* scale = pass.params + node_.weights;
  const T* scale_rate = tangent.params + node_.weights;
  const int64_t line = pass.in[0].line, delta_line = pass.out_deltas.line;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* rates = edge.wanted ? tangent.in[0].rows[i] : nullptr;
    const T* deltas = pass.out_deltas.at(i);
    const T* delta_rates = tangent.out_deltas.at(i);
    const T* state = pass.example_state + i * ExampleStateSize();
    T* state_rates = tangent.example_state + i * ExampleStateSize();
    const auto array = [this](const T* of, Array which, int64_t c) { return Load(of + which * room() + c); };
    const auto distance = [&](int64_t place, int64_t c) {
      return packet::psub(Load(values + place), array(state, kMean, c));
    };
    const auto distance_rate = [&](int64_t place, int64_t c) {
      return rates == nullptr ? Broadcast<T>(T(0)) : packet::psub(Load(rates + place), array(state_rates, kMean, c));
    };
    SumOverPixels<T, 2>(node_.output, {state_rates + kScaleGradient * room(), state_rates + kShiftGradient * room()},
                        [&](int64_t y, int64_t x, int64_t c) {
                          const int64_t from = y * line + x + c, delta = y * delta_line + x + c;
                          const Packet<T> normal = packet::pmul(distance(from, c), array(state, kInverseDeviation, c));
                          const Packet<T> normal_rate =
                              packet::pmadd(distance_rate(from, c), array(state, kInverseDeviation, c),
                                            packet::pmul(distance(from, c), array(state_rates, kInverseDeviation, c)));
                          const Packet<T> rate = Load(delta_rates + delta);
                          return std::array<Packet<T>, 2>{
                              packet::pmadd(rate, normal, packet::pmul(Load(deltas + delta), normal_rate)), rate};
                        });
    if (!edge.wanted) continue;
    CombineTangent(scale, scale_rate, state, state_rates);
    T* to = tangent.in_deltas[0].at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const int64_t from = y * line + x + c, delta = y * delta_line + x + c;
      const Packet<T> inverse = array(state, kInverseDeviation, c);
      const Packet<T> factor = packet::pmul(Load(scale + c), inverse);
      const Packet<T> factor_rate = packet::pmadd(
          Load(scale_rate + c), inverse, packet::pmul(Load(scale + c), array(state_rates, kInverseDeviation, c)));
      Packet<T> rate =
          packet::pmadd(distance(from, c), array(state_rates, kDeltaSlope, c), array(state_rates, kDeltaOffset, c));
      rate = packet::pmadd(distance_rate(from, c), array(state, kDeltaSlope, c), rate);
      rate = packet::pmadd(Load(deltas + delta), factor_rate, rate);
      Settle<T>(edge, values + from, to + y * pass.in_deltas[0].line + x + c,
                packet::pmadd(Load(delta_rates + delta), factor, rate), remaining);
    });
  }
}

template class GroupNormLayer<float>;
template class GroupNormLayer<double>;

}  // namespace basin::worker::train
