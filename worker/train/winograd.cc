#include "worker/train/winograd.h"

#include <array>

#include "worker/train/kernels/kernels.h"

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
void TransformWeights(const T* weights, int64_t count, T* to) {
  const auto line = [](T g0, T g1, T g2) {
    return std::array<T, 4>{g0, (g0 + g1 + g2) * T(0.5), (g0 - g1 + g2) * T(0.5), g2};
  };
  for (int64_t i = 0; i < count; ++i) {
    std::array<std::array<T, 4>, 3> columns;  // G g, a column each.
    for (size_t b = 0; b < 3; ++b) {
      const T* const tap = weights + static_cast<int64_t>(b) * count + i;
      columns[b] = line(tap[0], tap[3 * count], tap[6 * count]);
    }
    for (size_t a = 0; a < 4; ++a) {
      const std::array<T, 4> row = line(columns[0][a], columns[1][a], columns[2][a]);
      for (size_t b = 0; b < 4; ++b) to[static_cast<int64_t>(4 * a + b) * count + i] = row[b];
    }
  }
}

template <typename T>
void TransformWeightGradients(const T* from, int64_t count, bool accumulate, T* to) {
  const auto line = [](T u0, T u1, T u2, T u3) {
    const T half = (u1 + u2) * T(0.5);
    return std::array<T, 3>{u0 + half, (u1 - u2) * T(0.5), half + u3};
  };
  for (int64_t i = 0; i < count; ++i) {
    std::array<std::array<T, 3>, 4> columns;  // G' u, a column each.
    for (size_t b = 0; b < 4; ++b) {
      const T* const place = from + static_cast<int64_t>(b) * count + i;
      columns[b] = line(place[0], place[4 * count], place[8 * count], place[12 * count]);
    }
    for (size_t a = 0; a < 3; ++a) {
      const std::array<T, 3> row = line(columns[0][a], columns[1][a], columns[2][a], columns[3][a]);
      for (size_t b = 0; b < 3; ++b) {
        T* const tap = to + static_cast<int64_t>(3 * a + b) * count + i;
        *tap = accumulate ? *tap + row[b] : row[b];
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
  template void TransformWeights<T>(const T*, int64_t, T*);                                                            \
  template void TransformWeightGradients<T>(const T*, int64_t, bool, T*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
