#pragma once

#include <algorithm>
#include <cstdint>

#include "worker/train/image_shape.h"

namespace basin::worker::train {

// Labelled examples as the trainer reads them; a view. Rows are contiguous floats, row-major, `stride` floats apart;
// the first row is 64-byte aligned, stride is a multiple of 16, and what pads a row is zero.
struct Examples {
  const float* features = nullptr;
  const int32_t* labels = nullptr;  // 0 .. classes-1.
  int64_t count = 0;
  int32_t feature_count = 0;
  int32_t stride = 0;
};

// The three parts of a data set after splitting and scaling.
struct TrainingData {
  Examples train, validation, test;
  int32_t classes = 0;
  ImageShape image = {};               // Of each example, where size() == feature_count; none for a table.
  const float* blank_pixel = nullptr;  // Images: what a stored 0 became by scaling, a value a channel.
};

// Examples in it.
inline int64_t LongestPart(const TrainingData& data) {
  return std::max({data.train.count, data.validation.count, data.test.count});
}

}  // namespace basin::worker::train
