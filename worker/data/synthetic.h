#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/dataset.pb.h"
#include "worker/data/raw_dataset.h"

namespace basin::worker::data {

// Makes the examples of a synthetic source; see basin.v1.TwoSpirals and the others. A function of the source's settings
// alone: the same bits on every machine. Classes take turns (those of a teacher fall as they do). The digest is that of
// the examples. Two callers with the same settings share the data while one of them holds it. INVALID_ARGUMENT if
// the examples would not fit into kMaxFileBytes. REQUIRES: a source other than a name, defaults filled in.
absl::StatusOr<std::shared_ptr<const RawDataset>> GenerateSynthetic(const v1::Dataset& dataset);

// contract::DatasetName of every synthetic source -> digest of what the source's default settings make.
const std::map<std::string, std::string>& SyntheticDigests();

}  // namespace basin::worker::data
