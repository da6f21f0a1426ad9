#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/dataset.pb.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// Random changes to training images; see basin.v1.Augmentation. What becomes of an example in an epoch is drawn from
// stream (seed, kAugmentation, epoch and example) alone: neither batches nor threads show. No state.
class Augmentation {
 public:
  // Null if the settings ask for nothing. INVALID_ARGUMENT with the field's path if the examples are no images, or not
  // larger than the shift. `batch_rows` is the largest number of rows that Apply gets.
  static absl::StatusOr<std::unique_ptr<Augmentation>> Create(const v1::Augmentation& settings, uint64_t seed,
                                                              const TrainingData& data, int64_t batch_rows);

  // Puts changed copies into the place of `rows`, the training examples with these indices in the epoch. The copies
  // stay until the next call.
  void Apply(uint64_t epoch, std::span<const uint32_t> indices, const float** rows, ThreadPool* pool);

 private:
  Augmentation(const v1::Augmentation& settings, uint64_t seed, const TrainingData& data, int64_t batch_rows);
  void Change(uint64_t epoch, uint32_t index, const float* in, float* out) const;

  const int32_t shift_;
  const bool flip_;
  const uint64_t seed_;
  const ImageShape image_;
  const size_t stride_;
  std::vector<float> blank_row_;  // A row of an image of blank pixels.
  AlignedBuffer<float> copies_;
};

}  // namespace basin::worker::train
