#pragma once

#include <cstdint>

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

// How an example's features are an image: its rows from the top, each its pixels from the left, each its channels.
struct ImageShape {
  int32_t height = 0, width = 0, channels = 0;

  // False: the features are no image.
  bool is_image() const { return height > 0; }
  int64_t size() const { return int64_t{height} * width * channels; }
  bool operator==(const ImageShape&) const = default;
};

// The three parts of a data set after splitting and scaling.
struct TrainingData {
  Examples train, validation, test;
  int32_t classes = 0;
  ImageShape image = {};  // Of each example, where size() == feature_count; none for a table.
};

}  // namespace basin::worker::train
