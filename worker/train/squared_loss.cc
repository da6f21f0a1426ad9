#include "worker/train/squared_loss.h"

#include <cmath>

namespace basin::worker::train {
namespace {

template <typename T>
T RowLoss(const T* row, int32_t label, int32_t classes) {
  T total = 0;
  for (int32_t c = 0; c < classes; ++c) {
    const T distance = row[c] - (c == label ? T(1) : T(0));
    total = std::fma(distance, distance, total);
  }
  return total / static_cast<T>(classes);
}

}  // namespace

template <typename T>
void SquaredErrorGradient(T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes, T scale,
                          T* losses) {
  const T factor = 2 * scale / static_cast<T>(classes);
  for (int64_t i = 0; i < count; ++i) {
    T* row = logits + i * stride;
    losses[i] = RowLoss(row, labels[i], classes);
    for (int32_t c = 0; c < classes; ++c) row[c] = factor * (row[c] - (c == labels[i] ? T(1) : T(0)));
  }
}

template <typename T>
void SquaredErrorGradientTangent(T* rates, int64_t stride, int64_t count, int32_t classes, T scale) {
  const T factor = 2 * scale / static_cast<T>(classes);
  for (int64_t i = 0; i < count; ++i) {
    for (int32_t c = 0; c < classes; ++c) rates[i * stride + c] *= factor;
  }
}

template <typename T>
void SquaredError(const T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes, T* losses,
                  uint8_t* correct) {
  for (int64_t i = 0; i < count; ++i) {
    const T* row = logits + i * stride;
    losses[i] = RowLoss(row, labels[i], classes);
    int32_t predicted = 0;
    for (int32_t c = 1; c < classes; ++c) {
      if (row[c] > row[predicted]) predicted = c;
    }
    correct[i] = predicted == labels[i];
  }
}

#define BASIN_INSTANTIATE(T)                                                                   \
  template void SquaredErrorGradient<T>(T*, int64_t, const int32_t*, int64_t, int32_t, T, T*); \
  template void SquaredErrorGradientTangent<T>(T*, int64_t, int64_t, int32_t, T);              \
  template void SquaredError<T>(const T*, int64_t, const int32_t*, int64_t, int32_t, T*, uint8_t*);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
