#pragma once

#include <cstdint>

#include "basin/v1/loss.pb.h"

namespace basin::worker::train {

// What training minimizes, as a function of a row's logits and its label; see basin.v1.Loss.
struct Loss {
  enum class Kind { kCrossEntropy, kSquaredError };
  Kind kind = Kind::kCrossEntropy;
  double label_smoothing = 0;  // Of cross entropy, in training.

  // Cross entropy, if none is set.
  static Loss FromProto(const v1::Loss& loss);
};

// Losses of `count` rows of logits, `stride` apart (a multiple of 16); and, in place of the logits, scale times their
// derivatives: with scale = 1 / batch size, those of the batch's mean loss. A row with a logit that is not finite has a
// loss that is not finite. What lies beyond `classes` in a row is overwritten.
template <typename T>
void LossGradient(const Loss& loss, T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                  T scale, T* losses);

// And how fast these derivatives change when the logits move with velocities: in place of `rates`, the velocities of
// `count` rows, scale times the Hessian of the loss by the logits times them. The logits stay.
template <typename T>
void LossGradientTangent(const Loss& loss, const T* logits, T* rates, int64_t stride, int64_t count, int32_t classes,
                         T scale);

// Losses of `count` rows without label smoothing, and 1 in `correct` where the label's logit is the greatest (the first
// among equals).
template <typename T>
void EvaluateLoss(const Loss& loss, const T* logits, int64_t stride, const int32_t* labels, int64_t count,
                  int32_t classes, T* losses, uint8_t* correct);

}  // namespace basin::worker::train
