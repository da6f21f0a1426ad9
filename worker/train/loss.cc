#include "worker/train/loss.h"

#include "worker/train/softmax_loss.h"
#include "worker/train/squared_loss.h"

namespace basin::worker::train {

Loss Loss::FromProto(const v1::Loss& loss) {
  if (loss.has_squared_error()) return {.kind = Kind::kSquaredError};
  return {.label_smoothing = loss.cross_entropy().label_smoothing()};
}

template <typename T>
void LossGradient(const Loss& loss, T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                  T scale, T* losses) {
  switch (loss.kind) {
    case Loss::Kind::kCrossEntropy:
      SoftmaxCrossEntropyGradient<T>(logits, stride, labels, count, classes, static_cast<T>(loss.label_smoothing),
                                     scale, losses);
      break;
    case Loss::Kind::kSquaredError:
      SquaredErrorGradient<T>(logits, stride, labels, count, classes, scale, losses);
      break;
  }
}

template <typename T>
void LossGradientTangent(const Loss& loss, const T* logits, T* rates, int64_t stride, int64_t count, int32_t classes,
                         T scale) {
  switch (loss.kind) {
    case Loss::Kind::kCrossEntropy:
      SoftmaxCrossEntropyGradientTangent<T>(logits, rates, stride, count, classes, scale);
      break;
    case Loss::Kind::kSquaredError:
      SquaredErrorGradientTangent<T>(rates, stride, count, classes, scale);
      break;
  }
}

template <typename T>
void EvaluateLoss(const Loss& loss, const T* logits, int64_t stride, const int32_t* labels, int64_t count,
                  int32_t classes, T* losses, uint8_t* correct) {
  switch (loss.kind) {
    case Loss::Kind::kCrossEntropy:
      SoftmaxCrossEntropy<T>(logits, stride, labels, count, classes, losses, correct);
      break;
    case Loss::Kind::kSquaredError:
      SquaredError<T>(logits, stride, labels, count, classes, losses, correct);
      break;
  }
}

#define BASIN_INSTANTIATE(T)                                                                        \
  template void LossGradientTangent<T>(const Loss&, const T*, T*, int64_t, int64_t, int32_t, T);    \
  template void LossGradient<T>(const Loss&, T*, int64_t, const int32_t*, int64_t, int32_t, T, T*); \
  template void EvaluateLoss<T>(const Loss&, const T*, int64_t, const int32_t*, int64_t, int32_t, T*, uint8_t*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
