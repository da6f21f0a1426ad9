#pragma once

#include <cstdint>
#include <vector>

#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"

namespace basin::worker::train {

// Noise in which somewhere a pattern of 3 x 3 pixels stands, one a class, in all channels: what a convolution finds and
// a linear model does not. In three parts.
class SyntheticImages {
 public:
  SyntheticImages(const ImageShape& image, int32_t classes, int64_t train, int64_t held_out, double noise = 0.3)
      : stride_((image.size() + 15) / 16 * 16),
        buffer_(static_cast<size_t>((train + 2 * held_out) * stride_)),
        labels_(static_cast<size_t>(train + 2 * held_out)) {
    contract::RandomStream patterns(1, contract::RandomPurpose::kSplit, 0),
        stream(1, contract::RandomPurpose::kSplit, 1);
    std::vector<double> pattern(static_cast<size_t>(9 * classes));
    for (double& value : pattern) value = 1.5 * patterns.NextNormal();
    for (size_t row = 0; row < labels_.size(); ++row) {
      float* pixels = buffer_.data() + static_cast<int64_t>(row) * stride_;
      for (int64_t i = 0; i < image.size(); ++i) pixels[i] = static_cast<float>(noise * stream.NextNormal());
      const auto label = static_cast<int32_t>(row) % classes;
      labels_[row] = label;
      const auto top = static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(image.height - 2)));
      const auto left = static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(image.width - 2)));
      for (int32_t k = 0; k < 9; ++k) {
        float* pixel = pixels + ((top + k / 3) * image.width + left + k % 3) * image.channels;
        for (int32_t c = 0; c < image.channels; ++c) pixel[c] += static_cast<float>(pattern[9 * label + k]);
      }
    }
    const auto part = [&](int64_t first, int64_t count) -> Examples {
      return {buffer_.data() + first * stride_, labels_.data() + first, count, static_cast<int32_t>(image.size()),
              static_cast<int32_t>(stride_)};
    };
    view_ = {part(0, train), part(train, held_out), part(train + held_out, held_out), classes, image};
  }

  const TrainingData& view() const { return view_; }

 private:
  int64_t stride_;
  AlignedBuffer<float> buffer_;
  std::vector<int32_t> labels_;
  TrainingData view_;
};

}  // namespace basin::worker::train
