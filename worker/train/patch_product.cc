#include "worker/train/patch_product.h"

#include <algorithm>

#include "worker/train/kernels/kernels.h"
#include "worker/train/kernels/simd_256.h"
#include "worker/train/kernels/tile.h"

namespace basin::worker::train {
template <typename T>
void MultiplyPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements, const Matrix<T>& matrix,
                     const ChainStart<T>& start, Finish finish, const ScatteredRows<const T>& gate,
                     const ScatteredRows<T>& out) {
  kernels::FastestKernels<T>().multiply_patches(rows, count, elements, matrix, start, finish, gate, out);
}

template <typename T>
void MultiplyTransposedPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements,
                               const ScatteredRows<const T>& deltas, int32_t columns, bool accumulate, T* result) {
  kernels::FastestKernels<T>().multiply_transposed_patches(rows, count, elements, deltas, columns, accumulate, result);
}

template <typename T>
void SumScatteredRows(const ScatteredRows<const T>& deltas, int64_t count, int32_t columns, bool accumulate,
                      T* result) {
  for (int32_t column = 0; column < columns; column += kPanelColumns<T>) {
    // Two packets side by side: they hide each other's latency. A second one beyond the columns is not read.
    const int32_t width = std::min<int32_t>(columns - column, kPanelColumns<T>);
    const int32_t second = width > kLanes<T> ? kLanes<T> : 0;
    Packet<T> sums[2] = {Broadcast<T>(T(0)), Broadcast<T>(T(0))};
    for (int64_t i = 0; i < count; ++i) {
      const T* row = deltas.data + deltas.offsets[i] + column;
      sums[0] = packet::padd(sums[0], Load(row));
      sums[1] = packet::padd(sums[1], Load(row + second));
    }
    for (int32_t lane = 0; lane < width; lane += kLanes<T>) {
      kernels::StoreColumns<kernels::Simd256<T>>(result + column + lane, width - lane, accumulate,
                                                 sums[lane / kLanes<T>]);
    }
  }
}

#define BASIN_INSTANTIATE(T)                                                                                \
  template void MultiplyPatches<T>(const ScatteredRows<const T>&, int64_t, PatchElements, const Matrix<T>&, \
                                   const ChainStart<T>&, Finish, const ScatteredRows<const T>&,             \
                                   const ScatteredRows<T>&);                                                \
  template void MultiplyTransposedPatches<T>(const ScatteredRows<const T>&, int64_t, PatchElements,         \
                                             const ScatteredRows<const T>&, int32_t, bool, T*);             \
  template void SumScatteredRows<T>(const ScatteredRows<const T>&, int64_t, int32_t, bool, T*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
