#include "worker/train/softmax_loss.h"

#include <algorithm>
#include <limits>

#include "worker/train/packet.h"

namespace basin::worker::train {
namespace {

constexpr int kBlockRows = 64;

template <typename T>
[[gnu::always_inline]] inline Packet<T> LaneMask(int32_t classes, int32_t column) {
  return FirstLanes<T>(std::min<int32_t>(classes - column, kLanes<T>));
}

template <typename T>
T GreatestLogit(const T* row, int32_t classes) {
  const Packet<T> least = Broadcast<T>(-std::numeric_limits<T>::infinity());
  Packet<T> greatest = least;
  int32_t c = 0;
  for (; c + kLanes<T> <= classes; c += kLanes<T>) greatest = packet::pmax(Load(row + c), greatest);
  if (c < classes) greatest = packet::pmax(packet::pselect(LaneMask<T>(classes, c), Load(row + c), least), greatest);
  return MaxLane<T>(greatest);
}

// Sets *sum to the sum of exp(z - greatest), and returns 0, or NaN if a logit is not finite: Eigen's exp clamps its
// argument, and would hide one. Stores the exponentials if `exponentials` is not null.
template <typename T>
T SumExponentials(const T* row, int32_t classes, T greatest, T* exponentials, T* sum) {
  const Packet<T> shift = Broadcast<T>(greatest);
  Packet<T> total = Broadcast<T>(T(0)), check = total;
  for (int32_t c = 0; c < classes; c += kLanes<T>) {
    Packet<T> shifted = packet::psub(Load(row + c), shift);
    Packet<T> e = packet::pexp(shifted);
    if (classes - c < kLanes<T>) {
      const Packet<T> mask = LaneMask<T>(classes, c);
      shifted = packet::pand(mask, shifted);
      e = packet::pand(mask, e);
    }
    total = packet::padd(total, e);
    check = packet::padd(check, packet::pmul(shifted, Broadcast<T>(T(0))));
    if (exponentials != nullptr) Store<T>(exponentials + c, e);
  }
  *sum = SumLanes<T>(total);
  return SumLanes<T>(check);
}

template <typename T>
T MeanOf(const T* row, int32_t classes) {
  T total = 0;
  for (int32_t c = 0; c < classes; ++c) total += row[c];
  return total / static_cast<T>(classes);
}

// losses[i] = log(sums[i]) - shifted_labels[i]. Arrays of kBlockRows.
template <typename T>
void FinishLosses(const T* sums, const T* shifted_labels, int64_t count, T* losses) {
  alignas(64) T block[kBlockRows];
  for (int64_t i = 0; i < count; i += kLanes<T>) {
    Store<T>(block + i, packet::psub(packet::plog(Load(sums + i)), Load(shifted_labels + i)));
  }
  std::copy_n(block, count, losses);
}

}  // namespace

template <typename T>
void SoftmaxCrossEntropyGradient(T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                                 T smoothing, T scale, T* losses) {
  alignas(64) T sums[kBlockRows], shifted_labels[kBlockRows];
  std::fill_n(sums, kBlockRows, T(1));
  std::fill_n(shifted_labels, kBlockRows, T(0));
  for (int64_t first = 0; first < count; first += kBlockRows) {
    const int64_t size = std::min<int64_t>(kBlockRows, count - first);
    for (int64_t i = 0; i < size; ++i) {
      T* row = logits + (first + i) * stride;
      const int32_t label = labels[first + i];
      const T greatest = GreatestLogit(row, classes);
      T shifted = row[label] - greatest;
      if (smoothing != 0) shifted += smoothing * (MeanOf(row, classes) - row[label]);
      const T check = SumExponentials(row, classes, greatest, row, &sums[i]);
      shifted_labels[i] = shifted + check;
      const Packet<T> factor = Broadcast<T>(scale / sums[i]);
      for (int32_t c = 0; c < classes; c += kLanes<T>) Store<T>(row + c, packet::pmul(Load(row + c), factor));
      row[label] -= scale * (1 - smoothing);
      if (smoothing != 0) {
        for (int32_t c = 0; c < classes; ++c) row[c] -= scale * (smoothing / static_cast<T>(classes));
      }
    }
    FinishLosses(sums, shifted_labels, size, losses + first);
  }
}

template <typename T>
void SoftmaxCrossEntropyGradientTangent(const T* logits, T* rates, int64_t stride, int64_t count, int32_t classes,
                                        T scale) {
  for (int64_t i = 0; i < count; ++i) {
    const T* row = logits + i * stride;
    T* rate = rates + i * stride;
    const Packet<T> shift = Broadcast<T>(GreatestLogit(row, classes));
    const auto exponential = [&](int32_t c) {
      return packet::pand(LaneMask<T>(classes, c), packet::pexp(packet::psub(Load(row + c), shift)));
    };
    Packet<T> total = Broadcast<T>(T(0)), product = total;
    for (int32_t c = 0; c < classes; c += kLanes<T>) {
      const Packet<T> e = exponential(c);
      total = packet::padd(total, e);
      product = packet::padd(product, packet::pmul(e, packet::pand(LaneMask<T>(classes, c), Load(rate + c))));
    }
    const T sum = SumLanes<T>(total);
    const Packet<T> mean = Broadcast<T>(SumLanes<T>(product) / sum), factor = Broadcast<T>(scale / sum);
    for (int32_t c = 0; c < classes; c += kLanes<T>) {
      const Packet<T> distance = packet::pand(LaneMask<T>(classes, c), packet::psub(Load(rate + c), mean));
      Store<T>(rate + c, packet::pmul(packet::pmul(exponential(c), factor), distance));
    }
  }
}

template <typename T>
void SoftmaxCrossEntropy(const T* logits, int64_t stride, const int32_t* labels, int64_t count, int32_t classes,
                         T* losses, uint8_t* correct) {
  alignas(64) T sums[kBlockRows], shifted_labels[kBlockRows];
  std::fill_n(sums, kBlockRows, T(1));
  std::fill_n(shifted_labels, kBlockRows, T(0));
  for (int64_t first = 0; first < count; first += kBlockRows) {
    const int64_t size = std::min<int64_t>(kBlockRows, count - first);
    for (int64_t i = 0; i < size; ++i) {
      const T* row = logits + (first + i) * stride;
      const int32_t label = labels[first + i];
      const T greatest = GreatestLogit(row, classes);
      const T check = SumExponentials<T>(row, classes, greatest, nullptr, &sums[i]);
      shifted_labels[i] = row[label] - greatest + check;
      int32_t predicted = 0;
      while (predicted < classes && row[predicted] != greatest) ++predicted;
      correct[first + i] = predicted == label;
    }
    FinishLosses(sums, shifted_labels, size, losses + first);
  }
}

template <typename T>
void Softmax(T* logits, int64_t stride, int64_t count, int32_t classes) {
  for (int64_t i = 0; i < count; ++i) {
    T* row = logits + i * stride;
    T sum = 0;
    const T check = SumExponentials(row, classes, GreatestLogit(row, classes), row, &sum);
    const Packet<T> factor = Broadcast<T>(1 / (sum + check));
    for (int32_t c = 0; c < classes; c += kLanes<T>) Store<T>(row + c, packet::pmul(Load(row + c), factor));
  }
}

#define BASIN_INSTANTIATE(T)                                                                               \
  template void SoftmaxCrossEntropyGradient<T>(T*, int64_t, const int32_t*, int64_t, int32_t, T, T, T*);   \
  template void SoftmaxCrossEntropyGradientTangent<T>(const T*, T*, int64_t, int64_t, int32_t, T);         \
  template void SoftmaxCrossEntropy<T>(const T*, int64_t, const int32_t*, int64_t, int32_t, T*, uint8_t*); \
  template void Softmax<T>(T*, int64_t, int64_t, int32_t);
BASIN_INSTANTIATE(float)
BASIN_INSTANTIATE(double)
#undef BASIN_INSTANTIATE

}  // namespace basin::worker::train
