#pragma once

#include <cstdint>

namespace basin::worker::train {

// Cross entropy of the softmax of logits z and a label y, a row: log(sum over c of exp(z_c)) - z_y, computed after
// subtracting the greatest logit. A row with a logit that is not finite has a loss that is not finite. T is float or
// double; rows are `stride` apart, a multiple of 16.

// Losses of `count` rows, with the target t = (1 - smoothing) onehot(y) + smoothing / classes instead of onehot(y);
// and, in place of the logits, scale * (softmax(z) - t): with scale = 1 / batch size, the gradient of the batch's mean
// loss. What lies beyond `classes` in a row is overwritten with zeros.
template <typename T>
void SoftmaxCrossEntropyGradient(T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                                 T smoothing, T scale, T* losses);

// How fast these derivatives change: in place of `rates`, which are those of the logits, scale * p (rate - p . rate)
// with p = softmax(z), whatever the target. What lies beyond `classes` in a row is overwritten with zeros.
template <typename T>
void SoftmaxCrossEntropyGradientTangent(const T* logits, T* rates, int64_t stride, int64_t count, int32_t classes,
                                        T scale);

// Losses of `count` rows, and 1 in `correct` where the label's logit is the greatest (the first among equals).
template <typename T>
void SoftmaxCrossEntropy(const T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                         T* losses, uint8_t* correct);

// The softmax of `count` rows of logits, in their place; NaN for a row with a logit that is not finite.
template <typename T>
void Softmax(T* logits, int64_t stride, int64_t count, int32_t classes);

}  // namespace basin::worker::train
