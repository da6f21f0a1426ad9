#pragma once

#include <cstddef>
#include <cstdint>

namespace basin::worker::train {

// The matrix products of training. T is float, or double for gradient checks.
//
// Each element of a result is one chain of fused multiply-adds in ascending order of the summed index. Its bits
// therefore depend neither on how rows and columns are cut into tiles, nor on alignment, nor on the size of a cache;
// only the order in time differs between thread counts. Rows come as pointers, so that a batch is gathered without a
// copy.

// What is done to a product's element before it is stored.
enum class Finish {
  kNone,
  kRelu,
  // Multiplies by the derivative of the activation whose *output* stands at the same place in `gate`.
  kReluGate,
  kTanhGate,
};

// Columns of a panel: those of a cache line.
template <typename T>
inline constexpr int32_t kPanelColumns = 64 / sizeof(T);

// The right-hand matrix of a product: `depth` rows of `columns`, row-major, `stride` apart. A packet's width beyond the
// last element is readable. Or packed: cut into panels of kPanelColumns, of which each is stored with its rows side by
// side, `stride` = kPanelColumns apart, and `panel_stride` from one to the next. Element (d, j) is at
// data[j / kPanelColumns * panel_stride + d * stride + j % kPanelColumns].
template <typename T>
struct Matrix {
  const T* data;
  int64_t stride;
  int32_t depth;
  int32_t columns;
  int64_t panel_stride = kPanelColumns<T>;
};

// A block of rows to write: row i at data + i * stride. Up to a packet's width beyond `columns` is overwritten with
// arbitrary values: stride is at least `columns` rounded up to a multiple of 16.
template <typename T>
struct RowBlock {
  T* data;
  int64_t stride;
};

// What a chain begins with.
template <typename T>
struct ChainStart {
  const T* initial = nullptr;  // Element j of every row begins with initial[j]; readable like a row of the matrix.
  bool accumulate = false;     // Begins with what stands in `out`, instead; `initial` is null then.
};

// out[i][j] = finish(start[j] + sum over d of rows[i][d] * matrix[d][j]), for i = 0 .. count - 1. `gate` has the rows
// of `out`; null unless `finish` needs it.
template <typename T>
void MultiplyRows(const T* const* rows, int64_t count, const Matrix<T>& matrix, const ChainStart<T>& start,
                  Finish finish, const T* gate, const RowBlock<T>& out);

// The gradient of weights: result[d][j] = sum over i of rows[i][d] * deltas[i][j], for d = begin .. end - 1, where row
// d of the result is at result + d * columns. With `accumulate`, the sum is added to what stands there. `deltas` has
// `count` rows, `stride` apart, readable to a packet's width beyond `columns`.
template <typename T>
void MultiplyTransposed(const T* const* rows, int64_t count, const T* deltas, int64_t stride, int32_t columns,
                        int64_t begin, int64_t end, bool accumulate, T* result);

// The gradient of biases: result[j] = sum over i of deltas[i][j], or added to it.
template <typename T>
void SumRows(const T* deltas, int64_t stride, int64_t count, int32_t columns, bool accumulate, T* result);

// transposed[j][i] = matrix[i][j] for i = 0 .. rows - 1, j = begin .. end - 1; row j at transposed + j * stride.
template <typename T>
void Transpose(const T* matrix, int64_t rows, int64_t columns, int64_t begin, int64_t end, T* transposed,
               int64_t stride);

// Packs a matrix into `packed`, of PackedSize elements, so that a product reads it in sequence: rows that are a
// multiple of a few cache lines apart share few sets of the cache. Pays if more than some dozens of rows are
// multiplied.
template <typename T>
int64_t PackedSize(int32_t depth, int32_t columns);
template <typename T>
Matrix<T> Pack(const Matrix<T>& matrix, T* packed);

// x <- tanh(x) for `count` elements, a multiple of 16.
template <typename T>
void ApplyTanh(T* x, int64_t count);

}  // namespace basin::worker::train
