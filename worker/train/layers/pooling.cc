#include "worker/train/layers/pooling.h"

#include <type_traits>

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

// Calls visit(row, offset) for the pixels of a window, row by row: in which of its rows, and where in that.
template <typename Height, typename Width, typename Visit>
[[gnu::always_inline]] inline void ForEachTap(Height height, Width width, int64_t channels, const Visit& visit) {
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) visit(y, x * channels);
  }
}

// Calls run(height, width) of the windows: as constants where they are as most are, so that the loops over them vanish.
template <typename Run>
[[gnu::always_inline]] inline void WithWindow(const Node& node, const Run& run) {
  using Two = std::integral_constant<int32_t, 2>;
  if (node.kernel_height == 2 && node.kernel_width == 2) {
    run(Two(), Two());
  } else {
    run(node.kernel_height, node.kernel_width);
  }
}

}  // namespace

template <typename T>
MaxPoolLayer<T>::MaxPoolLayer(const NetworkShape& shape, const Node& node)
    : node_(node),
      input_(shape.nodes[static_cast<size_t>(node.inputs[0])].output),
      tiles_(node.stride == node.kernel_height && node.stride == node.kernel_width &&
             node.output.height * node.stride == input_.height && node.output.width * node.stride == input_.width) {}

template <typename T>
void MaxPoolLayer<T>::Forward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const int64_t channels = node_.output.channels, line = pass.in[0].line;
  WithWindow(node_, [&](auto height, auto width) {
    for (int64_t i = first; i < first + count; ++i) {
      const T* values = pass.in[0].rows[i];
      T* result = pass.out.at(i);
      ForEachWindow<T>(node_, line, pass.out.line, [&](int64_t in, int64_t out, int64_t remaining) {
        Packet<T> greatest = Load(values + in);
        ForEachTap(height, width, channels, [&](int64_t row, int64_t offset) {
          const Packet<T> x = Load(values + in + row * line + offset);
          // Where x is not less or equal: so does NaN, and a divergence is seen.
          greatest = packet::pselect(packet::pcmp_le(x, greatest), greatest, x);
        });
        StoreLanes<T>(result + out, greatest, remaining);
      });
    }
  });
}

// Calls give(place, value, share, remaining) for each packet of the input's pixels in all windows of an example: where
// it lies among the input's derivatives and among its values, what it takes of the output's derivative, and how many
// channels are left. Of equal values in a window the first takes all.
template <typename T>
template <typename Height, typename Width, typename Give>
void MaxPoolLayer<T>::Share(const Pass<T>& pass, int64_t example, Height height, Width width, const Give& give) const {
  const int64_t channels = node_.output.channels, line = pass.in[0].line, to_line = pass.in_deltas[0].line;
  const T* values = pass.in[0].rows[example];
  const T* result = pass.out.at(example);
  const T* deltas = pass.out_deltas.at(example);
  for (int64_t y = 0; y < node_.output.height; ++y) {
    for (int64_t x = 0; x < node_.output.width; ++x) {
      const int64_t row = y * node_.stride, column = x * node_.stride * channels;
      for (int64_t c = 0; c < channels; c += kLanes<T>) {
        const Packet<T> greatest = Load(result + y * pass.out.line + x * channels + c);
        Packet<T> left = Load(deltas + y * pass.out_deltas.line + x * channels + c);  // Has not found its pixel yet.
        ForEachTap(height, width, channels, [&](int64_t tap, int64_t offset) {
          const int64_t value = (row + tap) * line + column + offset + c;
          const Packet<T> takes = packet::pcmp_eq(Load(values + value), greatest);
          give((row + tap) * to_line + column + offset + c, value, packet::pand(takes, left), channels - c);
          left = packet::pandnot(left, takes);
        });
      }
    }
  }
}

template <typename T>
void MaxPoolLayer<T>::Backward(const Pass<T>& pass, int64_t first, int64_t count) const {
  const typename Pass<T>::Edge& edge = pass.edges[0];
  if (!edge.wanted) return;
  const Values<T>& to = pass.in_deltas[0];
  WithWindow(node_, [&](auto height, auto width) {
    for (int64_t i = first; i < first + count; ++i) {
      T* target = to.at(i);
      if (tiles_) {
        // Each pixel is in one window.
        const T* gates = pass.in[0].rows[i];
        WithFinish(edge.finish, [&](auto finish) {
          const typename Pass<T>::Edge known{true, edge.accumulate, finish};
          Share(pass, i, height, width, [&](int64_t place, int64_t value, const Packet<T>& share, int64_t remaining) {
            Settle<T>(known, gates + value, target + place, share, remaining);
          });
        });
        continue;
      }
      BeginDeltas<T>(input_, edge, to, i);
      Share(pass, i, height, width, [&](int64_t place, int64_t, const Packet<T>& share, int64_t remaining) {
        StoreLanes<T>(target + place, packet::padd(Load(target + place), share), remaining);
      });
      FinishDeltas<T>(input_, edge, pass.in[0], to, i);
    }
  });
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
      ForEachTap(node_.kernel_height, node_.kernel_width, node_.output.channels, [&](int64_t row, int64_t offset) {
        sum = packet::padd(sum, Load(values + in + row * pass.in[0].line + offset));
      });
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
      ForEachTap(node_.kernel_height, node_.kernel_width, node_.output.channels, [&](int64_t row, int64_t offset) {
        T* place = target + in + row * to.line + offset;
        StoreLanes<T>(place, packet::padd(Load(place), delta), remaining);
      });
    });
    FinishDeltas<T>(input_, edge, pass.in[0], to, i);
  }
}

template class MaxPoolLayer<float>;
template class MaxPoolLayer<double>;
template class AveragePoolLayer<float>;
template class AveragePoolLayer<double>;

}  // namespace basin::worker::train
