#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "worker/train/examples.h"

namespace basin::worker::data {

// Features before scaling, row-major. Pixels that are stored as bytes stay bytes: a quarter of the memory.
using StoredValues = std::variant<std::vector<float>, std::vector<uint8_t>>;

// A data set as stored.
struct RawPart {
  StoredValues features;  // count x feature_count.
  std::vector<int32_t> labels;
};
struct RawDataset {
  std::string name;
  std::string digest;  // SHA-256, hex, of the stored bytes.
  int32_t feature_count = 0;
  int32_t classes = 0;
  train::ImageShape image;  // Images are scaled and standardised a channel at a time, a table's columns each alone.
  float feature_scale = 1;  // Images: stored value * feature_scale is 0..1.
  RawPart train;
  RawPart test;  // Empty: the set has no test part of its own.
};

}  // namespace basin::worker::data
