#include "worker/train/batch_order.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace basin::worker::train {

void Permute(contract::RandomStream stream, std::span<uint32_t> order) {
  std::iota(order.begin(), order.end(), 0u);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[stream.NextBelow(i)]);
}

BatchOrder::BatchOrder(uint64_t seed, int64_t count, int64_t batch_size, bool drop_last, v1::Sampling sampling)
    : seed_(seed),
      batch_size_(batch_size),
      batches_per_epoch_(drop_last ? count / batch_size : (count + batch_size - 1) / batch_size),
      with_replacement_(sampling == v1::SAMPLING_WITH_REPLACEMENT),
      epoch_(std::numeric_limits<uint64_t>::max()),
      order_(static_cast<size_t>(count)) {
  std::iota(order_.begin(), order_.end(), 0u);
}

std::span<const uint32_t> BatchOrder::Batch(uint64_t epoch, int64_t index) {
  const auto count = static_cast<int64_t>(order_.size());
  if (epoch != epoch_ && with_replacement_) {
    Draw(epoch);
  } else if (epoch != epoch_ && batch_size_ < count) {
    Shuffle(epoch);
  }
  epoch_ = epoch;
  const int64_t begin = index * batch_size_;
  return std::span<const uint32_t>(order_).subspan(static_cast<size_t>(begin),
                                                   static_cast<size_t>(std::min(batch_size_, count - begin)));
}

void BatchOrder::Shuffle(uint64_t epoch) {
  Permute(contract::RandomStream(seed_, contract::RandomPurpose::kShuffle, epoch), order_);
}

void BatchOrder::Draw(uint64_t epoch) {
  contract::RandomStream stream(seed_, contract::RandomPurpose::kShuffle, epoch);
  for (uint32_t& example : order_) example = static_cast<uint32_t>(stream.NextBelow(order_.size()));
}

}  // namespace basin::worker::train
