#include "worker/train/layers/pooling.h"

#include "worker/train/layers/elementwise.h"

namespace basin::worker::train {
namespace {

// Calls visit(in, out, remaining) for each packet of channels of each output pixel: where its window begins in the
// input, where it lies in the output, and how many channels are left.
template <typename T, typename Visit>
[[gnu::always_inline]] inline void ForEachWindow(const Node& node, int64_t in_line, int64_t out_line,
                                                 const Visit& visit) {
  const int64_t channels = node.output.channels;
  for (int64_t y = 0; y < node.output.height; ++y) {
    for (int64_t x = 0; x < node.output.width; ++x) {
      const int64_t in = y * node.stride * in_line + x * node.stride * channels, out = y * out_line + x * channels;
      for (int64_t c = 0; c < channels; c += kLanes<T>) visit(in + c, out + c, channels - c);
    }
  }
}

// Calls visit(offset) for the pixels of a window, row by row.
template <typename Visit>
[[gnu::always_inline]] inline void ForEachTap(const Node& node, int64_t line, const Visit& visit) {
  for (int64_t y = 0; y < node.kernel_height; ++y) {
    for (int64_t x = 0; x < node.kernel_width; ++x) visit(y * line + x * node.output.channels);
  }
}

}  // namespace

template <typename T>
MaxPoolLayer<T>::MaxPoolLayer(const NetworkShape& shape, const Node& node)
    : node_(node), input_(shape.nodes[static_cast<size_t>(node.inputs[0])].output) {}

template <typename T>
void MaxPoolLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    T* result = pass.out.at(i);
    ForEachWindow<T>(node_, pass.in[0].line, pass.out.line, [&](int64_t in, int64_t out, int64_t remaining) {
      Packet<T> greatest = Load(values + in);
      ForEachTap(node_, pass.in[0].line, [&](int64_t tap) {
        const Packet<T> x = Load(values + in + tap);
        // Where x is not less or equal: so does NaN, and a divergence is seen.
        greatest = packet::pselect(packet::pcmp_le(x, greatest), greatest, x);
      });
      StoreLanes<T>(result + out, greatest, remaining);
    });
  }
}

template <typename T>
void MaxPoolLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const Values<T>& to = pass.in_deltas[0];
  for (int64_t i = first; i < first + count; ++i) {
    BeginDeltas<T>(input_, edge, to, i);
    const T* values = pass.in[0].rows[i];
    const T* result = pass.out.at(i);
    for (int64_t y = 0; y < node_.output.height; ++y) {
      for (int64_t x = 0; x < node_.output.width; ++x) {
        const int64_t channels = node_.output.channels;
        const int64_t row = y * node_.stride, column = x * node_.stride * channels;
        const T* window = values + row * pass.in[0].line + column;
        T* target = to.at(i) + row * to.line + column;
        const T* outputs = result + y * pass.out.line + x * channels;
        const T* deltas = pass.out_deltas.at(i) + y * pass.out_deltas.line + x * channels;
        for (int64_t c = 0; c < channels; c += kLanes<T>) {
          const Packet<T> greatest = Load(outputs + c);
          Packet<T> left = Load(deltas + c);  // What has not found its pixel yet.
          for (int64_t ky = 0; ky < node_.kernel_height; ++ky) {
            for (int64_t kx = 0; kx < node_.kernel_width; ++kx) {
              const int64_t tap = kx * channels + c;
              const Packet<T> takes = packet::pcmp_eq(Load(window + ky * pass.in[0].line + tap), greatest);
              T* place = target + ky * to.line + tap;
              StoreLanes<T>(place, packet::padd(Load(place), packet::pand(takes, left)), channels - c);
              left = packet::pandnot(left, takes);
            }
          }
        }
      }
    }
    FinishDeltas<T>(input_, edge, pass.in[0], to, i);
  }
}

// That of the value that is taken.
template <typename T>
void MaxPoolLayer<T>::ForwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    const T* rates = tangent.in[0].rows[i];
    const T* outputs = pass.out.at(i);
    T* result = tangent.out.at(i);
    ForEachWindow<T>(node_, pass.in[0].line, pass.out.line, [&](int64_t in, int64_t out, int64_t remaining) {
      const Packet<T> greatest = Load(outputs + out);
      Packet<T> rate = Broadcast<T>(T(0)), found = rate;
      ForEachTap(node_, pass.in[0].line, [&](int64_t tap) {
        const Packet<T> takes = packet::pandnot(packet::pcmp_eq(Load(values + in + tap), greatest), found);
        rate = packet::pselect(takes, Load(rates + in + tap), rate);
        found = packet::por(found, takes);
      });
      StoreLanes<T>(result + out, rate, remaining);
    });
  }
}

template <typename T>
void MaxPoolLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Backward(pass.WithDeltasOf(tangent), first, count);
}

template <typename T>
AveragePoolLayer<T>::AveragePoolLayer(const NetworkShape& shape, const Node& node)
    : node_(node), input_(shape.nodes[static_cast<size_t>(node.inputs[0])].output) {}

template <typename T>
void AveragePoolLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const Packet<T> share = Broadcast<T>(T(1) / static_cast<T>(int64_t{node_.kernel_height} * node_.kernel_width));
  for (int64_t i = first; i < first + count; ++i) {
    const T* values = pass.in[0].rows[i];
    T* result = pass.out.at(i);
    ForEachWindow<T>(node_, pass.in[0].line, pass.out.line, [&](int64_t in, int64_t out, int64_t remaining) {
      Packet<T> sum = Broadcast<T>(T(0));
      ForEachTap(node_, pass.in[0].line, [&](int64_t tap) { sum = packet::padd(sum, Load(values + in + tap)); });
      StoreLanes<T>(result + out, packet::pmul(sum, share), remaining);
    });
  }
}

template <typename T>
void AveragePoolLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const Packet<T> share = Broadcast<T>(T(1) / static_cast<T>(int64_t{node_.kernel_height} * node_.kernel_width));
  const Values<T>& to = pass.in_deltas[0];
  for (int64_t i = first; i < first + count; ++i) {
    BeginDeltas<T>(input_, edge, to, i);
    T* target = to.at(i);
    const T* deltas = pass.out_deltas.at(i);
    ForEachWindow<T>(node_, to.line, pass.out_deltas.line, [&](int64_t in, int64_t out, int64_t remaining) {
      const Packet<T> delta = packet::pmul(Load(deltas + out), share);
      ForEachTap(node_, to.line, [&](int64_t tap) {
        T* place = target + in + tap;
        StoreLanes<T>(place, packet::padd(Load(place), delta), remaining);
      });
    });
    FinishDeltas<T>(input_, edge, pass.in[0], to, i);
  }
}

template <typename T>
void AveragePoolLayer<T>::ForwardTangent(const Pass<T>&, const Pass<T>& tangent, int64_t first, int64_t count) const {
  Forward(tangent, first, count);
}

template <typename T>
void AveragePoolLayer<T>::BackwardTangent(const Pass<T>& pass, const Pass<T>& tangent, int64_t first,
                                          int64_t count) const {
  Backward(pass.WithDeltasOf(tangent), first, count);
}

template class MaxPoolLayer<float>;
template class MaxPoolLayer<double>;
template class AveragePoolLayer<float>;
template class AveragePoolLayer<double>;

}  // namespace basin::worker::train
