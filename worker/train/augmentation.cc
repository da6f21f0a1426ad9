#include "worker/train/augmentation.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/random/philox.h"

namespace basin::worker::train {

absl::StatusOr<std::unique_ptr<Augmentation>> Augmentation::Create(const v1::Augmentation& settings, uint64_t seed,
                                                                   const TrainingData& data, int64_t batch_rows) {
  if (settings.shift() == 0 && !settings.horizontal_flip()) return std::unique_ptr<Augmentation>();
  constexpr char kField[] = "train.dataset.augmentation";
  if (!data.image.is_image()) {
    return absl::InvalidArgumentError(absl::StrCat(kField, ": needs images, the data set is a table"));
  }
  const int32_t side = std::min(data.image.height, data.image.width);
  if (settings.shift() >= static_cast<uint32_t>(side)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kField, ".shift: must be below the images' smaller side, ", side, ", is ", settings.shift()));
  }
  return std::unique_ptr<Augmentation>(new Augmentation(settings, seed, data, batch_rows));
}

Augmentation::Augmentation(const v1::Augmentation& settings, uint64_t seed, const TrainingData& data,
                           int64_t batch_rows)
    : shift_(static_cast<int32_t>(settings.shift())),
      flip_(settings.horizontal_flip()),
      seed_(seed),
      image_(data.image),
      stride_(static_cast<size_t>(data.train.stride)),
      copies_(static_cast<size_t>(batch_rows) * stride_) {
  for (int32_t i = 0; i < image_.width * image_.channels; ++i) {
    blank_row_.push_back(data.blank_pixel == nullptr ? 0 : data.blank_pixel[i % image_.channels]);
  }
}

void Augmentation::Apply(uint64_t epoch, std::span<const uint32_t> indices, const float** rows, ThreadPool* pool) {
  const auto change = [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      float* copy = copies_.data() + i * stride_;
      Change(epoch, indices[i], rows[i], copy);
      rows[i] = copy;
    }
  };
  if (pool == nullptr) return change(0, indices.size());
  const auto threads = static_cast<size_t>(pool->threads());
  pool->Run([&](int thread) {
    const auto t = static_cast<size_t>(thread);
    change(indices.size() * t / threads, indices.size() * (t + 1) / threads);
  });
}

// Mirrored first, then moved. The padding of the copies stays zero.
void Augmentation::Change(uint64_t epoch, uint32_t index, const float* in, float* out) const {
  contract::RandomStream random(seed_, contract::RandomPurpose::kAugmentation, epoch << 32 | index);
  const auto draw_shift = [&] {
    return static_cast<int32_t>(random.NextBelow(2 * static_cast<uint64_t>(shift_) + 1)) - shift_;
  };
  const int32_t down = draw_shift();
  const int32_t right = draw_shift();
  const bool mirrored = flip_ && random.NextBelow(2) == 1;
  const int32_t channels = image_.channels;
  const ptrdiff_t row_size = static_cast<ptrdiff_t>(image_.width) * channels;
  // Columns of the result that come from the image: first .. end - 1, moved by `right`.
  const int32_t first = std::max(right, 0);
  const int32_t end = image_.width + std::min(right, 0);
  for (int32_t y = 0; y < image_.height; ++y, out += row_size) {
    std::copy(blank_row_.begin(), blank_row_.end(), out);
    const int32_t source_y = y - down;
    if (source_y < 0 || source_y >= image_.height) continue;
    const float* source = in + source_y * row_size;
    if (!mirrored) {
      std::copy(source + (first - right) * channels, source + (end - right) * channels, out + first * channels);
      continue;
    }
    for (int32_t x = first; x < end; ++x) {
      const float* pixel = source + (image_.width - 1 - (x - right)) * channels;
      std::copy(pixel, pixel + channels, out + x * channels);
    }
  }
}

}  // namespace basin::worker::train
