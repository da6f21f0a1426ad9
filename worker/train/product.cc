#include "worker/train/product.h"

#include <algorithm>

#include "worker/train/kernels/kernels.h"
#include "worker/train/packet.h"

namespace basin::worker::train {
template <typename T>
void MultiplyRows(const T* const* rows, int64_t count, const Matrix<T>& matrix, const ChainStart<T>& start,
                  Finish finish, const T* gate, const RowBlock<T>& out) {
  kernels::FastestKernels<T>().multiply_rows(rows, count, matrix, start, finish, gate, out);
}

template <typename T>
void MultiplyTransposed(const T* const* rows, int64_t count, const T* deltas, int64_t stride, int32_t columns,
                        int64_t begin, int64_t end, bool accumulate, T* result) {
  kernels::FastestKernels<T>().multiply_transposed(rows, count, deltas, stride, columns, begin, end, accumulate,
                                                   result);
}

template <typename T>
void SumRows(const T* deltas, int64_t stride, int64_t count, int32_t columns, bool accumulate, T* result) {
  for (int32_t j = 0; j < columns; j += kLanes<T>) {
    Packet<T> sum = Broadcast<T>(T(0));
    for (int64_t i = 0; i < count; ++i) sum = packet::padd(sum, Load(deltas + i * stride + j));
    const int lanes = std::min<int32_t>(columns - j, kLanes<T>);
    alignas(64) T values[kLanes<T>];
    Store<T>(values, sum);
    for (int l = 0; l < lanes; ++l) result[j + l] = accumulate ? result[j + l] + values[l] : values[l];
  }
}

template <typename T>
void Transpose(const T* matrix, int64_t rows, int64_t columns, int64_t begin, int64_t end, T* transposed,
               int64_t stride) {
  constexpr int kBlock = kLanes<T>;
  for (int64_t j = begin; j < end; j += kBlock) {
    const int64_t width = std::min<int64_t>(kBlock, end - j);
    for (int64_t i = 0; i < rows; i += kBlock) {
      const int64_t height = std::min<int64_t>(kBlock, rows - i);
      if (width == kBlock && height == kBlock) {
        packet::PacketBlock<Packet<T>, kBlock> block;
        for (int r = 0; r < kBlock; ++r) block.packet[r] = Load(matrix + (i + r) * columns + j);
        packet::ptranspose(block);
        for (int r = 0; r < kBlock; ++r) Store<T>(transposed + (j + r) * stride + i, block.packet[r]);
      } else {
        for (int64_t c = 0; c < width; ++c) {
          for (int64_t r = 0; r < height; ++r) transposed[(j + c) * stride + i + r] = matrix[(i + r) * columns + j + c];
        }
      }
    }
  }
}

template <typename T>
int64_t PackedSize(int32_t depth, int32_t columns) {
  return int64_t{depth} * ((columns + kPanelColumns<T> - 1) / kPanelColumns<T>)*kPanelColumns<T>;
}

template <typename T>
Matrix<T> Pack(const Matrix<T>& matrix, T* packed) {
  const int64_t panel_stride = int64_t{matrix.depth} * kPanelColumns<T>;
  for (int32_t column = 0; column < matrix.columns; column += kPanelColumns<T>) {
    const T* from = matrix.data + column / kPanelColumns<T> * matrix.panel_stride;
    T* to = packed + column / kPanelColumns<T> * panel_stride;
    const bool half = matrix.columns - column <= kLanes<T>;
    for (int32_t d = 0; d < matrix.depth; ++d, from += matrix.stride, to += kPanelColumns<T>) {
      Store<T>(to, Load(from));
      if (!half) Store<T>(to + kLanes<T>, Load(from + kLanes<T>));
    }
  }
  return {packed, kPanelColumns<T>, matrix.depth, matrix.columns, panel_stride};
}

template <typename T>
void ApplyTanh(T* x, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) Store<T>(x + i, Tanh(Load(x + i)));
}

#define BASIN_INSTANTIATE(T)                                                                                        \
  template void MultiplyRows<T>(const T* const*, int64_t, const Matrix<T>&, const ChainStart<T>&, Finish, const T*, \
                                const RowBlock<T>&);                                                                \
  template void MultiplyTransposed<T>(const T* const*, int64_t, const T*, int64_t, int32_t, int64_t, int64_t, bool, \
                                      T*);                                                                          \
  template void SumRows<T>(const T*, int64_t, int64_t, int32_t, bool, T*);                                          \
  template void Transpose<T>(const T*, int64_t, int64_t, int64_t, int64_t, T*, int64_t);                            \
  template int64_t PackedSize<T>(int32_t, int32_t);                                                                 \
  template Matrix<T> Pack<T>(const Matrix<T>&, T*);                                                                 \
  template void ApplyTanh<T>(T*, int64_t);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
