#pragma once

#include <cstdint>

namespace basin::worker::train {

// The mean over classes c of (z_c - t_c)^2, t being 1 at the label and 0 elsewhere (PyTorch MSELoss of logits and
// one-hot labels). T is float or double; rows are `stride` apart.

// Losses of `count` rows; and, in place of the logits, scale times their derivatives.
template <typename T>
void SquaredErrorGradient(T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes, T scale,
                          T* losses);

// How fast these derivatives change: in place of `rates`, which are those of the logits.
template <typename T>
void SquaredErrorGradientTangent(T* rates, int64_t stride, int64_t count, int32_t classes, T scale);

// Losses of `count` rows, and 1 in `correct` where the label's logit is the greatest (the first among equals).
template <typename T>
void SquaredError(const T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes, T* losses,
                  uint8_t* correct);

}  // namespace basin::worker::train
