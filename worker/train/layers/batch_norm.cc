#include "worker/train/layers/batch_norm.h"

#include <cmath>

#include "worker/train/layers/channel_sums.h"

namespace basin::worker::train {

template <typename T>
void BatchNormLayer<T>::Measure(const Pass<T>& pass, int64_t first, int64_t count) const {
  const ImageShape& shape = node_.output;
  const Packet<T> share = Broadcast<T>(T(1) / static_cast<T>(shape.pixels()));
  const int64_t line = pass.in[0].line;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    T* means = pass.example_state + i * ExampleStateSize();
    T* squares = means + room();
    SumOverPixels<T, 1>(shape, {means}, [&](int64_t y, int64_t x, int64_t c) {
      return std::array<Packet<T>, 1>{Load(values + y * line + x + c)};
    });
    for (int64_t c = 0; c < room(); c += kLanes<T>) Store<T>(means + c, packet::pmul(Load(means + c), share));
    SumOverPixels<T, 1>(shape, {squares}, [&](int64_t y, int64_t x, int64_t c) {
      const Packet<T> distance = packet::psub(Load(values + y * line + x + c), Load(means + c));
      return std::array<Packet<T>, 1>{packet::pmul(distance, distance)};
    });
  }
}

template <typename T>
void BatchNormLayer<T>::SetMoments(const Pass<T>& pass, int32_t channel, double mean, double variance) const {
  const double inverse = 1 / std::sqrt(variance + node_.epsilon);
  array(pass, kMean)[channel] = static_cast<T>(mean);
  array(pass, kInverseDeviation)[channel] = static_cast<T>(inverse);
  array(pass, kFactor)[channel] =
      static_cast<T>(inverse * static_cast<double>(pass.params[node_.weights + static_cast<size_t>(channel)]));
}

template <typename T>
void BatchNormLayer<T>::Combine(const Pass<T>& pass, int64_t count, double momentum, T* buffers) const {
  const auto examples = static_cast<double>(count), pixels = static_cast<double>(node_.output.pixels());
  const double values = examples * pixels;
  const int32_t channels = node_.output.channels;
  for (int32_t c = 0; c < channels; ++c) {
    const T* means = pass.example_state + c;
    const T* squares = means + room();
    double mean = 0, total = 0;
    for (int64_t i = 0; i < count; ++i) mean += static_cast<double>(means[i * ExampleStateSize()]);
    mean /= examples;
    for (int64_t i = 0; i < count; ++i) {
      const double distance = static_cast<double>(means[i * ExampleStateSize()]) - mean;
      total += static_cast<double>(squares[i * ExampleStateSize()]) + pixels * distance * distance;
    }
    SetMoments(pass, c, mean, total / values);
    T& running_mean = buffers[node_.buffers + static_cast<size_t>(c)];
    T& running_variance = buffers[node_.buffers + static_cast<size_t>(channels + c)];
    const auto blend = [momentum](T& average, double value) {
      average = static_cast<T>((1 - momentum) * static_cast<double>(average) + momentum * value);
    };
    blend(running_mean, mean);
    blend(running_variance, total / (values - 1));
  }
}

template <typename T>
void BatchNormLayer<T>::TakeAverages(const Pass<T>& pass, const T* buffers) const {
  const int32_t channels = node_.output.channels;
  for (int32_t c = 0; c < channels; ++c) {
    SetMoments(pass, c, static_cast<double>(buffers[node_.buffers + static_cast<size_t>(c)]),
               static_cast<double>(buffers[node_.buffers + static_cast<size_t>(channels + c)]));
    array(pass, kDeltaOffset)[c] = array(pass, kDeltaSlope)[c] = 0;
  }
}

template <typename T>
void BatchNormLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const T* mean = array(pass, kMean);
  const T* factor = array(pass, kFactor);
  const T* shift = pass.params + node_.biases;
  for (int64_t i = first; i < first + count; ++i) {
    const T* from = pass.in[0].rows[i];
    T* to = pass.out.at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const Packet<T> distance = packet::psub(Load(from + y * pass.in[0].line + x + c), Load(mean + c));
      const Packet<T> result = packet::pmadd(distance, Load(factor + c), Load(shift + c));
      StoreLanes<T>(to + y * pass.out.line + x + c, Activated<T>(node_.activation, result), remaining);
    });
  }
}

template <typename T>
void BatchNormLayer<T>::MeasureDeltas(const Pass<T>& pass, int64_t first, int64_t count) const {
  const T* mean = array(pass, kMean);
  const T* inverse = array(pass, kInverseDeviation);
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* deltas = pass.out_deltas.at(i);
    T* sums = pass.example_state + i * ExampleStateSize();
    SumOverPixels<T, 2>(node_.output, {sums, sums + room()}, [&](int64_t y, int64_t x, int64_t c) {
      const Packet<T> distance = packet::psub(Load(values + y * pass.in[0].line + x + c), Load(mean + c));
      const Packet<T> normal = packet::pmul(distance, Load(inverse + c));
      const Packet<T> delta = Load(deltas + y * pass.out_deltas.line + x + c);
      return std::array<Packet<T>, 2>{packet::pmul(delta, normal), delta};
    });
  }
}

template <typename T>
void BatchNormLayer<T>::CombineDeltas(const Pass<T>& pass, int64_t count) const {
  const double values = static_cast<double>(count) * static_cast<double>(node_.output.pixels());
  for (int32_t c = 0; c < node_.output.channels; ++c) {
    double scale = 0, shift = 0;
    for (int64_t i = 0; i < count; ++i) {
      const T* sums = pass.example_state + i * ExampleStateSize() + c;
      scale += static_cast<double>(sums[0]);
      shift += static_cast<double>(sums[room()]);
    }
    array(pass, kScaleGradient)[c] = static_cast<T>(scale);
    array(pass, kShiftGradient)[c] = static_cast<T>(shift);
    if (!pass.training) continue;
    // With f = factor and d = the deviation: f (delta - shift / n - (x - mean) / d * scale / n).
    const auto factor = static_cast<double>(array(pass, kFactor)[c]);
    array(pass, kDeltaOffset)[c] = static_cast<T>(-factor * shift / values);
    array(pass, kDeltaSlope)[c] =
        static_cast<T>(-factor * static_cast<double>(array(pass, kInverseDeviation)[c]) * scale / values);
  }
}

template <typename T>
void BatchNormLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const T* mean = array(pass, kMean);
  const T* factor = array(pass, kFactor);
  const T* offset = array(pass, kDeltaOffset);
  const T* slope = array(pass, kDeltaSlope);
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* deltas = pass.out_deltas.at(i);
    T* to = pass.in_deltas[0].at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const T* place = values + y * pass.in[0].line + x + c;
      const Packet<T> distance = packet::psub(Load(place), Load(mean + c));
      const Packet<T> rest = packet::pmadd(distance, Load(slope + c), Load(offset + c));
      const Packet<T> delta = Load(deltas + y * pass.out_deltas.line + x + c);
      Settle<T>(edge, place, to + y * pass.in_deltas[0].line + x + c, packet::pmadd(delta, Load(factor + c), rest),
                remaining);
    });
  }
}

template <typename T>
void BatchNormLayer<T>::Gradient(const Pass<T>& pass, int64_t, int64_t, bool accumulate, T* result) const {
  const int32_t channels = node_.output.channels;
  const T* sums[] = {array(pass, kScaleGradient), array(pass, kShiftGradient)};
  for (int32_t k = 0; k < 2; ++k) {
    for (int32_t c = 0; c < channels; ++c) {
      T& to = result[k * channels + c];
      to = accumulate ? to + sums[k][c] : sums[k][c];
    }
  }
}

// With f = scale / deviation: ((x - mean) f + shift)' = x' f + (x - mean) f' + shift'.
template <typename T>
void BatchNormLayer<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                       int64_t count) const {
  const bool varies = pass.edges[0].wanted;
  const Finish gate = GateOf(node_.activation);
  const T* mean = array(pass, kMean);
  const T* factor = array(pass, kFactor);
  const T* factor_rate = array(tangent, kFactor);
  const T* shift_rate = tangent.params + node_.biases;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* rates = varies ? tangent.in[0].rows[i] : nullptr;
    const T* out = pass.out.at(i);
    T* to = tangent.out.at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const int64_t from = y * pass.in[0].line + x + c, place = y * pass.out.line + x + c;
      const Packet<T> distance = packet::psub(Load(values + from), Load(mean + c));
      Packet<T> rate = packet::pmadd(distance, Load(factor_rate + c), Load(shift_rate + c));
      if (varies) rate = packet::pmadd(Load(rates + from), Load(factor + c), rate);
      StoreLanes<T>(to + place, Finished<T>(gate, rate, out + place), remaining);
    });
  }
}

template <typename T>
void BatchNormLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                        int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  const T* mean = array(pass, kMean);
  const T* inverse = array(pass, kInverseDeviation);
  const T* factor = array(pass, kFactor);
  const T* factor_rate = array(tangent, kFactor);
  const int64_t line = pass.in[0].line, delta_line = pass.out_deltas.line;
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* rates = edge.wanted ? tangent.in[0].rows[i] : nullptr;
    const T* deltas = pass.out_deltas.at(i);
    const T* delta_rates = tangent.out_deltas.at(i);
    T* sums = tangent.example_state + i * ExampleStateSize();
    SumOverPixels<T, 2>(node_.output, {sums, sums + room()}, [&](int64_t y, int64_t x, int64_t c) {
      const int64_t from = y * line + x + c, delta = y * delta_line + x + c;
      const Packet<T> distance = packet::psub(Load(values + from), Load(mean + c));
      Packet<T> sum = packet::pmul(Load(delta_rates + delta), distance);
      if (edge.wanted) sum = packet::pmadd(Load(deltas + delta), Load(rates + from), sum);
      return std::array<Packet<T>, 2>{packet::pmul(sum, Load(inverse + c)), Load(delta_rates + delta)};
    });
    if (!edge.wanted) continue;
    T* to = tangent.in_deltas[0].at(i);
    ForEachPixelPacket<T>(node_.output, [&](int64_t y, int64_t x, int64_t c, int64_t remaining) {
      const int64_t delta = y * delta_line + x + c;
      const Packet<T> rate = packet::pmadd(Load(delta_rates + delta), Load(factor + c),
                                           packet::pmul(Load(deltas + delta), Load(factor_rate + c)));
      Settle<T>(edge, values + y * line + x + c, to + y * pass.in_deltas[0].line + x + c, rate, remaining);
    });
  }
}

template class BatchNormLayer<float>;
template class BatchNormLayer<double>;

}  // namespace basin::worker::train
