#include "worker/train/winograd.h"

#include <algorithm>
#include <array>

#include "worker/train/kernels/kernels.h"
#include "worker/train/packet.h"

namespace basin::worker::train {

template <typename T>
void TransformWindows(const PixelRows<const T>& pixels, int32_t channels, const TileRun& run, const TilePlanes<T>& to) {
  kernels::FastestKernels<T>().transform_windows(pixels, channels, run, to);
}

template <typename T>
void TransformDeltas(const PixelRows<const T>& deltas, int32_t channels, const TileRun& run, const TilePlanes<T>& to) {
  kernels::FastestKernels<T>().transform_deltas(deltas, channels, run, to);
}

template <typename T>
void TransformOutputs(const TilePlanes<const T>& from, int32_t channels, const TileRun& run, const ChainStart<T>& start,
                      Finish finish, const PixelRows<const T>& gate, const PixelRows<T>& out) {
  kernels::FastestKernels<T>().transform_outputs(from, channels, run, start, finish, gate, out);
}

template <typename T>
void MultiplyPlanes(const TilePlanes<const T>& from, int64_t count, int32_t channels, int32_t filters,
                    const T* matrices, const TilePlanes<T>& to) {
  kernels::FastestKernels<T>().multiply_planes(from, count, channels, filters, matrices, to);
}

template <typename T>
void MultiplyTransposedPlanes(const TilePlanes<const T>& from, const TilePlanes<const T>& deltas, int64_t count,
                              int32_t channels, int32_t filters, bool accumulate, T* sums) {
  kernels::FastestKernels<T>().multiply_transposed_planes(from, deltas, count, channels, filters, accumulate, sums);
}

template <typename T>
void TransformWeights(const T* taps, int32_t channels, int32_t filters, T* matrices) {
  const int64_t tap_size = int64_t{channels} * filters, matrix_size = PackedSize<T>(channels, filters);
  const Packet<T> half = Broadcast<T>(T(0.5));
  const auto line = [half](const Packet<T>& g0, const Packet<T>& g1, const Packet<T>& g2) {
    const Packet<T> outer = packet::padd(g0, g2);
    return std::array<Packet<T>, 4>{g0, packet::pmul(packet::padd(outer, g1), half),
                                    packet::pmul(packet::psub(outer, g1), half), g2};
  };
  for (int32_t filter = 0; filter < filters; filter += kLanes<T>) {
    const int rest = filters - filter;
    const int64_t panel = int64_t{filter / kPanelColumns<T>} * channels * kPanelColumns<T> + filter % kPanelColumns<T>;
    for (int64_t channel = 0; channel < channels; ++channel) {
      const T* const weight = taps + channel * filters + filter;
      const auto tap = [&](size_t t) {
        const T* const from = weight + static_cast<int64_t>(t) * tap_size;
        return rest >= kLanes<T> ? Load(from) : LoadFirst(from, rest);
      };
      std::array<std::array<Packet<T>, 4>, 3> columns;  // G g, a column each.
      for (size_t b = 0; b < 3; ++b) columns[b] = line(tap(b), tap(3 + b), tap(6 + b));
      T* to = matrices + panel + channel * kPanelColumns<T>;
      for (size_t a = 0; a < 4; ++a) {
        for (const Packet<T>& place : line(columns[0][a], columns[1][a], columns[2][a])) {
          Store<T>(to, place);
          to += matrix_size;
        }
      }
    }
  }
}

template <typename T>
void TransformWeightGradients(const T* from, int64_t count, bool accumulate, T* to) {
  const Packet<T> half = Broadcast<T>(T(0.5));
  const auto line = [half](const Packet<T>& u0, const Packet<T>& u1, const Packet<T>& u2, const Packet<T>& u3) {
    const Packet<T> middle = packet::pmul(packet::padd(u1, u2), half);
    return std::array<Packet<T>, 3>{packet::padd(u0, middle), packet::pmul(packet::psub(u1, u2), half),
                                    packet::padd(middle, u3)};
  };
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    const int rest = static_cast<int>(std::min<int64_t>(count - i, kLanes<T>));
    const auto load = [rest](const T* x) { return rest == kLanes<T> ? Load(x) : LoadFirst(x, rest); };
    std::array<std::array<Packet<T>, 3>, 4> columns;  // G' u, a column each.
    for (size_t b = 0; b < 4; ++b) {
      const auto place = [&](size_t a) { return load(from + static_cast<int64_t>(4 * a + b) * count + i); };
      columns[b] = line(place(0), place(1), place(2), place(3));
    }
    T* tap = to + i;
    for (size_t a = 0; a < 3; ++a) {
      for (const Packet<T>& sum : line(columns[0][a], columns[1][a], columns[2][a], columns[3][a])) {
        const Packet<T> result = accumulate ? packet::padd(load(tap), sum) : sum;
        if (rest == kLanes<T>) {
          Store<T>(tap, result);
        } else {
          StoreFirst<T>(tap, result, rest);
        }
        tap += count;
      }
    }
  }
}

#define BASIN_INSTANTIATE(T)                                                                                           \
  template void TransformWindows<T>(const PixelRows<const T>&, int32_t, const TileRun&, const TilePlanes<T>&);         \
  template void TransformDeltas<T>(const PixelRows<const T>&, int32_t, const TileRun&, const TilePlanes<T>&);          \
  template void TransformOutputs<T>(const TilePlanes<const T>&, int32_t, const TileRun&, const ChainStart<T>&, Finish, \
                                    const PixelRows<const T>&, const PixelRows<T>&);                                   \
  template void MultiplyPlanes<T>(const TilePlanes<const T>&, int64_t, int32_t, int32_t, const T*,                     \
                                  const TilePlanes<T>&);                                                               \
  template void MultiplyTransposedPlanes<T>(const TilePlanes<const T>&, const TilePlanes<const T>&, int64_t, int32_t,  \
                                            int32_t, bool, T*);                                                        \
  template void TransformWeights<T>(const T*, int32_t, int32_t, T*);                                                   \
  template void TransformWeightGradients<T>(const T*, int64_t, bool, T*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
