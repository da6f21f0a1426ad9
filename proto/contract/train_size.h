#pragma once

#include <cstdint>
#include <optional>

#include "basin/v1/dataset.pb.h"

namespace basin::contract {

// Examples in the training part of a set that every worker has: the built-in digits, or a synthetic one. Nothing where
// it is not known from the settings alone: for a worker's own data, or when so much is held back that the split has to
// leave some class more than its share. REQUIRES: defaults filled in.
std::optional<uint64_t> TrainSize(const v1::Dataset& dataset);

// Of a set whose training part has `stored` examples before some are held back for validation, and, without a test part
// of its own, for the test.
uint64_t TrainSizeOf(uint64_t stored, bool has_test_part, const v1::Dataset& dataset);

}  // namespace basin::contract
