#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "basin/v1/workload.pb.h"
#include "proto/contract/random/philox.h"

namespace basin::worker::train {

// Makes of `order` a permutation of 0 .. size - 1 (Fisher-Yates).
void Permute(contract::RandomStream stream, std::span<uint32_t> order);

// Which examples are in which batch. Without replacement, epoch e's order is a Fisher-Yates permutation from stream
// (seed, kShuffle, e), a function of the seed and the epoch alone; a batch of all examples keeps their order. With
// replacement, the same stream draws each example of the epoch from all of them.
class BatchOrder {
 public:
  // REQUIRES: 1 <= batch_size <= count.
  BatchOrder(uint64_t seed, int64_t count, int64_t batch_size, bool drop_last,
             v1::Sampling sampling = v1::SAMPLING_WITHOUT_REPLACEMENT);

  int64_t batches_per_epoch() const { return batches_per_epoch_; }

  // Examples of batch `index` = 0 .. batches_per_epoch() - 1 of the epoch, valid until the next call. The last one may
  // be shorter. Cheap except at the first batch of another epoch than before.
  std::span<const uint32_t> Batch(uint64_t epoch, int64_t index);

 private:
  void Shuffle(uint64_t epoch);
  void Draw(uint64_t epoch);

  uint64_t seed_;
  int64_t batch_size_;
  int64_t batches_per_epoch_;
  bool with_replacement_;
  uint64_t epoch_;
  std::vector<uint32_t> order_;
};

}  // namespace basin::worker::train
