#include "worker/train/layers/activation.h"

#include "worker/train/layers/elementwise.h"
#include "worker/train/layers/gelu.h"

namespace basin::worker::train {
namespace {

// The derivative by x, times `delta`; y is the activation of x.
template <typename T>
[[gnu::always_inline]] inline Packet<T> Derivative(Activation activation, const Packet<T>& x, const T* y,
                                                   const Packet<T>& delta) {
  switch (activation) {
    case Activation::kRelu:
      return Finished<T>(Finish::kReluGate, delta, y);
    case Activation::kTanh:
      return Finished<T>(Finish::kTanhGate, delta, y);
    case Activation::kGelu:
      return packet::pmul(delta, GeluDerivative<T>(x));
    case Activation::kNone:
      break;
  }
  return delta;
}

// The second derivative by x, times `delta`.
template <typename T>
[[gnu::always_inline]] inline Packet<T> SecondDerivative(Activation activation, const Packet<T>& x, const T* y,
                                                         const Packet<T>& delta) {
  switch (activation) {
    case Activation::kTanh:
      return packet::pmul(packet::pmul(Broadcast<T>(T(-2)), Load(y)), Finished<T>(Finish::kTanhGate, delta, y));
    case Activation::kGelu:
      return packet::pmul(delta, GeluSecondDerivative<T>(x));
    case Activation::kRelu:
    case Activation::kNone:
      break;
  }
  return Broadcast<T>(T(0));
}

}  // namespace

template <typename T>
void ActivationLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  for (int64_t i = first; i < first + count; ++i) {
    const T* in = pass.in[0].rows[i];
    T* out = pass.out.at(i);
    ForEachPacket<T>(node_.output, pass.in[0].line, pass.out.line, [&](int64_t from, int64_t to, int64_t remaining) {
      const Packet<T> x = Load(in + from);
      const Packet<T> y = node_.activation == Activation::kGelu ? Gelu<T>(x) : Activated<T>(node_.activation, x);
      StoreLanes<T>(out + to, y, remaining);
    });
  }
}

template <typename T>
void ActivationLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  // Three ways to lie: the values in, the values out, and the derivatives, which have no border here on this side.
  const Stretches stretches =
      StretchesOf(node_.output, {pass.in[0].line, pass.out.line, pass.out_deltas.line, pass.in_deltas[0].line});
  for (int64_t i = first; i < first + count; ++i) {
    for (int64_t y = 0; y < stretches.count; ++y) {
      const T* in = pass.in[0].rows[i] + y * pass.in[0].line;
      const T* out = pass.out.at(i) + y * pass.out.line;
      const T* deltas = pass.out_deltas.at(i) + y * pass.out_deltas.line;
      T* to = pass.in_deltas[0].at(i) + y * pass.in_deltas[0].line;
      for (int64_t j = 0; j < stretches.length; j += kLanes<T>) {
        Settle<T>(edge, in + j, to + j, Derivative<T>(node_.activation, Load(in + j), out + j, Load(deltas + j)),
                  stretches.length - j);
      }
    }
  }
}

template <typename T>
void ActivationLayer<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                        int64_t count) const {
  for (int64_t i = first; i < first + count; ++i) {
    const T* in = pass.in[0].rows[i];
    const T* out = pass.out.at(i);
    const T* rates = tangent.in[0].rows[i];
    T* result = tangent.out.at(i);
    ForEachPacket<T>(node_.output, pass.in[0].line, pass.out.line, [&](int64_t from, int64_t to, int64_t remaining) {
      StoreLanes<T>(result + to, Derivative<T>(node_.activation, Load(in + from), out + to, Load(rates + from)),
                    remaining);
    });
  }
}

// (f'(x) d)' = f'(x) d' + f''(x) x' d.
template <typename T>
void ActivationLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                         int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const Stretches stretches =
      StretchesOf(node_.output, {pass.in[0].line, pass.out.line, pass.out_deltas.line, pass.in_deltas[0].line});
  for (int64_t i = first; i < first + count; ++i) {
    for (int64_t y = 0; y < stretches.count; ++y) {
      const T* in = pass.in[0].rows[i] + y * pass.in[0].line;
      const T* in_rates = tangent.in[0].rows[i] + y * tangent.in[0].line;
      const T* out = pass.out.at(i) + y * pass.out.line;
      const T* deltas = pass.out_deltas.at(i) + y * pass.out_deltas.line;
      const T* delta_rates = tangent.out_deltas.at(i) + y * tangent.out_deltas.line;
      T* to = tangent.in_deltas[0].at(i) + y * tangent.in_deltas[0].line;
      for (int64_t j = 0; j < stretches.length; j += kLanes<T>) {
        const Packet<T> x = Load(in + j);
        const Packet<T> bend = packet::pmul(Load(in_rates + j), Load(deltas + j));
        const Packet<T> rate = packet::padd(Derivative<T>(node_.activation, x, out + j, Load(delta_rates + j)),
                                            SecondDerivative<T>(node_.activation, x, out + j, bend));
        Settle<T>(edge, in + j, to + j, rate, stretches.length - j);
      }
    }
  }
}

template class ActivationLayer<float>;
template class ActivationLayer<double>;

}  // namespace basin::worker::train
