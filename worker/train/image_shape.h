#pragma once

#include <cstdint>

namespace basin::worker::train {

// The values of an example between two layers, or its features: rows of an image from the top, each its pixels from the
// left, each its channels. Values without such an order are the channels of one pixel.
struct ImageShape {
  int32_t height = 0, width = 0, channels = 0;

  // False: of features, that they are no image.
  bool is_image() const { return height > 0; }
  int64_t pixels() const { return int64_t{height} * width; }
  int64_t size() const { return pixels() * channels; }
  bool operator==(const ImageShape&) const = default;
};

}  // namespace basin::worker::train
