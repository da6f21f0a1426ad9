#include "worker/train/product.h"

#include <algorithm>

#include "worker/train/packet.h"

namespace basin::worker::train {
namespace {

// A tile has at most kTileRows rows: with two packets a row, twelve accumulators and what feeds them fill the sixteen
// vector registers, and the latency of the multiply-adds is hidden.
constexpr int kTileRows = 6;

// Packets a row in a tile of R rows: enough accumulators (8 or more where possible) for the registers there are.
template <int R>
inline constexpr int kTilePackets = R == 1   ? 8
                                    : R == 2 ? 4
                                    : R == 3 ? 3
                                             : 2;

template <typename T, int R, int V>
struct Tile {
  Packet<T> sum[R][V];

  [[gnu::always_inline]] void Fill(const T* initial) {
    for (int v = 0; v < V; ++v) {
      const Packet<T> value = initial == nullptr ? Broadcast<T>(T(0)) : Load(initial + v * kLanes<T>);
      for (int r = 0; r < R; ++r) sum[r][v] = value;
    }
  }

  // sum[r][v] += left[r] * right[v].
  [[gnu::always_inline]] void MultiplyAdd(const T* const (&left)[R], int64_t place, const T* right) {
    Packet<T> b[V];
    for (int v = 0; v < V; ++v) b[v] = Load(right + v * kLanes<T>);
    for (int r = 0; r < R; ++r) {
      const Packet<T> a = Broadcast<T>(left[r][place]);
      for (int v = 0; v < V; ++v) sum[r][v] = packet::pmadd(a, b[v], sum[r][v]);
    }
  }
};

template <typename T>
[[gnu::always_inline]] inline Packet<T> Finished(Finish finish, const Packet<T>& x, const T* gate) {
  const Packet<T> zero = Broadcast<T>(T(0));
  switch (finish) {
    case Finish::kNone:
      return x;
    case Finish::kRelu:
      return Relu<T>(x);
    case Finish::kReluGate:
      return packet::pselect(packet::pcmp_lt(zero, Load(gate)), x, zero);
    case Finish::kTanhGate: {
      const Packet<T> y = Load(gate);
      return packet::pmul(x, packet::psub(Broadcast<T>(T(1)), packet::pmul(y, y)));
    }
  }
  return x;
}

// The columns from `column` on of R rows: as many tiles of V packets as the `columns` hold, or one if `last`.
template <typename T, int R, int V>
[[gnu::always_inline]] inline int32_t RowTiles(const T* const (&rows)[R], const Matrix<T>& matrix, const T* initial,
                                               Finish finish, const T* gate, const RowBlock<T>& out, int32_t column,
                                               bool last) {
  constexpr int kWidth = V * kLanes<T>;
  while (last ? column < matrix.columns : matrix.columns - column >= kWidth) {
    Tile<T, R, V> tile;
    tile.Fill(initial == nullptr ? nullptr : initial + column);
    const T* right = matrix.data + column;
    for (int32_t d = 0; d < matrix.depth; ++d, right += matrix.stride) tile.MultiplyAdd(rows, d, right);
    for (int r = 0; r < R; ++r) {
      for (int v = 0; v < V; ++v) {
        const int64_t place = r * out.stride + column + v * kLanes<T>;
        Store<T>(out.data + place, Finished<T>(finish, tile.sum[r][v], gate == nullptr ? nullptr : gate + place));
      }
    }
    column += kWidth;
  }
  return column;
}

template <typename T, int R>
void MultiplyRowGroup(const T* const* rows, const Matrix<T>& matrix, const T* initial, Finish finish, const T* gate,
                      const RowBlock<T>& out) {
  const T* group[R];
  for (int r = 0; r < R; ++r) group[r] = rows[r];
  int32_t column = RowTiles<T, R, kTilePackets<R>>(group, matrix, initial, finish, gate, out, 0, false);
  if constexpr (kTilePackets < R >> 2) {
    column = RowTiles<T, R, 2>(group, matrix, initial, finish, gate, out, column, false);
  }
  if (matrix.columns - column > kLanes<T>) {
    RowTiles<T, R, 2>(group, matrix, initial, finish, gate, out, column, true);
  } else if (matrix.columns > column) {
    RowTiles<T, R, 1>(group, matrix, initial, finish, gate, out, column, true);
  }
}

template <typename T, int R, int V>
[[gnu::always_inline]] inline int32_t TransposedTiles(const T* const* rows, int64_t count, int64_t first,
                                                      const T* deltas, int64_t stride, int32_t columns, bool accumulate,
                                                      T* result, int32_t column, bool last) {
  constexpr int kWidth = V * kLanes<T>;
  while (last ? column < columns : columns - column >= kWidth) {
    Tile<T, R, V> tile;
    tile.Fill(nullptr);
    const T* right = deltas + column;
    for (int64_t i = 0; i < count; ++i, right += stride) {
      const T* row = rows[i] + first;
      const T* left[R];
      for (int r = 0; r < R; ++r) left[r] = row + r;
      tile.MultiplyAdd(left, 0, right);
    }
    for (int r = 0; r < R; ++r) {
      for (int v = 0; v < V; ++v) {
        const int32_t j = column + v * kLanes<T>;
        const int lanes = std::min<int32_t>(columns - j, kLanes<T>);
        if (lanes <= 0) break;
        T* to = result + r * columns + j;
        if (lanes == kLanes<T>) {
          Store<T>(to, accumulate ? packet::padd(Load(to), tile.sum[r][v]) : tile.sum[r][v]);
        } else {
          if (accumulate) {
            alignas(64) T old[kLanes<T>] = {};
            for (int l = 0; l < lanes; ++l) old[l] = to[l];
            tile.sum[r][v] = packet::padd(Load(old), tile.sum[r][v]);
          }
          StoreFirst<T>(to, tile.sum[r][v], lanes);
        }
      }
    }
    column += kWidth;
  }
  return column;
}

template <typename T, int R>
void MultiplyTransposedGroup(const T* const* rows, int64_t count, int64_t first, const T* deltas, int64_t stride,
                             int32_t columns, bool accumulate, T* result) {
  int32_t column =
      TransposedTiles<T, R, kTilePackets<R>>(rows, count, first, deltas, stride, columns, accumulate, result, 0, false);
  if constexpr (kTilePackets < R >> 2) {
    column = TransposedTiles<T, R, 2>(rows, count, first, deltas, stride, columns, accumulate, result, column, false);
  }
  if (columns - column > kLanes<T>) {
    TransposedTiles<T, R, 2>(rows, count, first, deltas, stride, columns, accumulate, result, column, true);
  } else if (columns > column) {
    TransposedTiles<T, R, 1>(rows, count, first, deltas, stride, columns, accumulate, result, column, true);
  }
}

// Calls visit(first, size) for groups of at most kTileRows that share 0 .. count - 1 as evenly as possible: 32 rows are
// 6 + 6 + 5 + 5 + 5 + 5, for a group of two would leave the arithmetic units idle.
template <typename Visit>
void ForEachGroup(int64_t count, const Visit& visit) {
  const int64_t groups = (count + kTileRows - 1) / kTileRows;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t first = count * g / groups;
    visit(first, static_cast<int>(count * (g + 1) / groups - first));
  }
}

}  // namespace

template <typename T>
void MultiplyRows(const T* const* rows, int64_t count, const Matrix<T>& matrix, const T* initial, Finish finish,
                  const T* gate, const RowBlock<T>& out) {
  ForEachGroup(count, [&](int64_t first, int size) {
    const T* const* group = rows + first;
    const T* group_gate = gate == nullptr ? nullptr : gate + first * out.stride;
    const RowBlock<T> to{out.data + first * out.stride, out.stride};
    switch (size) {
      case 1:
        return MultiplyRowGroup<T, 1>(group, matrix, initial, finish, group_gate, to);
      case 2:
        return MultiplyRowGroup<T, 2>(group, matrix, initial, finish, group_gate, to);
      case 3:
        return MultiplyRowGroup<T, 3>(group, matrix, initial, finish, group_gate, to);
      case 4:
        return MultiplyRowGroup<T, 4>(group, matrix, initial, finish, group_gate, to);
      case 5:
        return MultiplyRowGroup<T, 5>(group, matrix, initial, finish, group_gate, to);
      default:
        return MultiplyRowGroup<T, 6>(group, matrix, initial, finish, group_gate, to);
    }
  });
}

template <typename T>
void MultiplyTransposed(const T* const* rows, int64_t count, const T* deltas, int64_t stride, int32_t columns,
                        int64_t begin, int64_t end, bool accumulate, T* result) {
  ForEachGroup(end - begin, [&](int64_t offset, int size) {
    const int64_t d = begin + offset;
    T* to = result + offset * columns;
    switch (size) {
      case 1:
        return MultiplyTransposedGroup<T, 1>(rows, count, d, deltas, stride, columns, accumulate, to);
      case 2:
        return MultiplyTransposedGroup<T, 2>(rows, count, d, deltas, stride, columns, accumulate, to);
      case 3:
        return MultiplyTransposedGroup<T, 3>(rows, count, d, deltas, stride, columns, accumulate, to);
      case 4:
        return MultiplyTransposedGroup<T, 4>(rows, count, d, deltas, stride, columns, accumulate, to);
      case 5:
        return MultiplyTransposedGroup<T, 5>(rows, count, d, deltas, stride, columns, accumulate, to);
      default:
        return MultiplyTransposedGroup<T, 6>(rows, count, d, deltas, stride, columns, accumulate, to);
    }
  });
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
void ApplyTanh(T* x, int64_t count) {
  for (int64_t i = 0; i < count; i += kLanes<T>) Store<T>(x + i, Tanh(Load(x + i)));
}

#define BASIN_INSTANTIATE(T)                                                                                        \
  template void MultiplyRows<T>(const T* const*, int64_t, const Matrix<T>&, const T*, Finish, const T*,             \
                                const RowBlock<T>&);                                                                \
  template void MultiplyTransposed<T>(const T* const*, int64_t, const T*, int64_t, int32_t, int64_t, int64_t, bool, \
                                      T*);                                                                          \
  template void SumRows<T>(const T*, int64_t, int64_t, int32_t, bool, T*);                                          \
  template void Transpose<T>(const T*, int64_t, int64_t, int64_t, int64_t, T*, int64_t);                            \
  template void ApplyTanh<T>(T*, int64_t);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
