#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "basin/v1/averaging.pb.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// The number of updates before stochastic weight averaging begins: the one setting that the averaging and the schedule
// `swa` share. INVALID_ARGUMENT, with a path from SwaAveraging on, if it is not before the training's end.
absl::StatusOr<uint64_t> SwaStart(const v1::SwaAveraging& swa, const TrainingLength& length);

}  // namespace basin::contract
