#pragma once

#include <cstdint>
#include <span>

#include "worker/train/product.h"

namespace basin::worker::train {

// The matrix products of convolution, without a copy of the patches. T is float, or double for gradient checks.
//
// An image is stored by rows of pixels, a pixel's channels side by side (NHWC), with a border of zeros as wide as the
// kernel needs. The elements that a kernel sees at one place, its patch, then lie at offsets from the first one that
// are the same for every place: for a kernel of 3 x 3 over C channels and lines of L elements, 0 .. 3C - 1, and the
// same from L and from 2L on. A patch is read as one long row of a matrix. So are the gradient by the input, whose
// patches are those of the deltas and whose matrix holds the weights with taps turned round and channels exchanged (for
// stride 2: once for each parity of line and column, with the taps that reach it); and the gradient by the weights,
// which sums over patches.
//
// As in product.h, each element is one chain of fused multiply-adds in ascending order of the summed index: its bits do
// not depend on how rows are distributed over calls.

// Rows that lie scattered in a buffer: row i begins at data + offsets[i].
template <typename T>
struct ScatteredRows {
  T* data;
  const int32_t* offsets;
};

// Where the elements of a patch lie, from the place to which its row points.
using PatchElements = std::span<const int32_t>;

// What a chain begins with.
template <typename T>
struct ChainStart {
  const T* initial = nullptr;  // Element j of every row begins with initial[j]; readable like a row of the matrix.
  bool accumulate = false;     // Begins with what stands in `out`, instead; `initial` is null then.
};

// out[i][j] = finish(start[j] + sum over d of patch(i)[d] * matrix[d][j]) for i = 0 .. count - 1, where patch(i)[d] is
// `elements`[d] from rows' row i, and the matrix has as many rows as there are elements. Exactly `columns` elements of
// a row of `out` are written; they are readable to a packet's width beyond, and so are those of `gate`, whose rows
// belong to those of `out` (null data unless `finish` needs it). `out` overlaps neither rows nor gates. Some hundreds
// of rows a call are best, and a packed matrix if it has more than 16 columns.
template <typename T>
void MultiplyPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements, const Matrix<T>& matrix,
                     const ChainStart<T>& start, Finish finish, const ScatteredRows<const T>& gate,
                     const ScatteredRows<T>& out);

// The gradient of weights: result[d][j] = sum over i of patch(i)[d] * deltas[i][j], where row d of the result is at
// result + d * columns. With `accumulate`, the sum is added to what stands there. Rows of `deltas` have `columns`
// elements and are readable to a packet's width beyond.
template <typename T>
void MultiplyTransposedPatches(const ScatteredRows<const T>& rows, int64_t count, PatchElements elements,
                               const ScatteredRows<const T>& deltas, int32_t columns, bool accumulate, T* result);

// The gradient of biases: result[j] = sum over i of deltas[i][j], or added to it.
template <typename T>
void SumScatteredRows(const ScatteredRows<const T>& deltas, int64_t count, int32_t columns, bool accumulate, T* result);

}  // namespace basin::worker::train
