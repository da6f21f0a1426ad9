#pragma once

#include <cstdint>
#include <vector>

#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"

namespace basin::worker::train {

// Gaussian clouds around one centre a class, `distance` standard deviations from the origin along axes of their own (in
// as many directions as there are features), in three parts.
class SyntheticExamples {
 public:
  struct Size {
    int64_t train = 100, validation = 30, test = 30;
  };
  SyntheticExamples(int32_t features, int32_t classes, Size size, float distance = 4, uint64_t seed = 1,
                    const ImageShape& image = {})
      : features_(features),
        stride_((features + 15) / 16 * 16),
        buffer_(static_cast<size_t>((size.train + size.validation + size.test) * stride_)),
        labels_(static_cast<size_t>(size.train + size.validation + size.test)) {
    contract::RandomStream stream(seed, contract::RandomPurpose::kSplit, 0);
    for (size_t row = 0; row < labels_.size(); ++row) {
      const auto label = static_cast<int32_t>(row) % classes;
      labels_[row] = label;
      float* values = buffer_.data() + row * static_cast<size_t>(stride_);
      for (int32_t f = 0; f < features; ++f) values[f] = static_cast<float>(stream.NextNormal());
      values[label % features] += label / features % 2 == 0 ? distance : -distance;
    }
    view_.train = Part(0, size.train);
    view_.validation = Part(size.train, size.validation);
    view_.test = Part(size.train + size.validation, size.test);
    view_.classes = classes;
    view_.image = image;
  }

  const TrainingData& view() const { return view_; }

 private:
  Examples Part(int64_t first, int64_t count) const {
    return {buffer_.data() + first * stride_, labels_.data() + first, count, features_, stride_};
  }

  int32_t features_, stride_;
  AlignedBuffer<float> buffer_;
  std::vector<int32_t> labels_;
  TrainingData view_;
};

}  // namespace basin::worker::train
