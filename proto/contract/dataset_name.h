#pragma once

#include <string>

#include "basin/v1/dataset.pb.h"
#include "basin/v1/workload.pb.h"

namespace basin::contract {

// What synthetic data sets' names begin with; no stored set's name does.
inline constexpr char kSyntheticPrefix[] = "synthetic.";

// Under which name workers announce what the data set needs: its own, or `synthetic.two_spirals` and the like. Empty if
// no source is set.
std::string DatasetName(const v1::Dataset& dataset);

// The data set that a workload needs; one without a source, if it needs none.
const v1::Dataset& DatasetOf(const v1::Workload& workload);

// Where it can stand in a workload: `train.dataset`, ...
inline constexpr const char* kDatasetPaths[] = {"train.dataset", "analyze.train.dataset"};

}  // namespace basin::contract
