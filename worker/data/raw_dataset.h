#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "worker/train/examples.h"

namespace basin::worker::data {

// A data set as stored: features before scaling, row-major, and labels.
struct RawPart {
  std::vector<float> features;  // count x feature_count.
  std::vector<int32_t> labels;
};
struct RawDataset {
  std::string name;
  std::string digest;  // SHA-256, hex, of the stored bytes.
  int32_t feature_count = 0;
  int32_t classes = 0;
  bool image = false;       // Pixels of one channel: scaled and standardised together; else a column each.
  float feature_scale = 1;  // Images: pixel * feature_scale is 0..1.
  RawPart train;
  RawPart test;  // Empty: the set has no test part of its own.
};

// Owns what a TrainingData views.
class PreparedData {
 public:
  virtual ~PreparedData() = default;
  virtual const train::TrainingData& view() const = 0;
};

// Splits (stratified, by spec.split_seed) and scales as `spec` says; see basin.v1.Dataset. Deterministic: the same bits
// on every machine. REQUIRES: defaults filled in. INVALID_ARGUMENT if a part would be empty or lack examples. Results
// are cached by their settings while some trial holds them, since many trials of a sweep share one.
absl::StatusOr<std::shared_ptr<const PreparedData>> Prepare(std::shared_ptr<const RawDataset> raw,
                                                            const v1::Dataset& spec);

}  // namespace basin::worker::data
