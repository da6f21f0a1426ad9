#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "basin/v1/dataset.pb.h"
#include "worker/data/raw_dataset.h"

namespace basin::worker::data {

// Owns what a TrainingData views.
class PreparedData {
 public:
  virtual ~PreparedData() = default;
  virtual const train::TrainingData& view() const = 0;
};

// Splits (stratified, by spec.split_seed), scales and mislabels as `spec` says; see basin.v1.Dataset. Deterministic:
// the same bits on every machine. REQUIRES: defaults filled in. INVALID_ARGUMENT if a part would be empty or lack
// examples. Results are cached by their settings while some trial holds them, the last one until another is
// wanted, since many trials of a sweep share one; data that differ in their label noise alone share their features.
absl::StatusOr<std::shared_ptr<const PreparedData>> Prepare(std::shared_ptr<const RawDataset> raw,
                                                            const v1::Dataset& spec);

}  // namespace basin::worker::data
