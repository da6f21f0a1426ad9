#pragma once

#include <string>

#include "basin/v1/dataset.pb.h"

namespace basin::contract {

// What synthetic data sets' names begin with; no stored set's name does.
inline constexpr char kSyntheticPrefix[] = "synthetic.";

// Under which name workers announce what the data set needs: its own, or `synthetic.two_spirals` and the like. Empty if
// no source is set.
std::string DatasetName(const v1::Dataset& dataset);

}  // namespace basin::contract
