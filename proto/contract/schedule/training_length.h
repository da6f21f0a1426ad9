#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// `full` of TrainWorkload.batch_size.
inline constexpr uint32_t kFullBatch = 4294967295u;

// Steps of a resolved TrainWorkload on a training part of `train_size` examples; the trainer and the schedule preview
// share it. INVALID_ARGUMENT (path `train.batch_size`) if the batch is larger than the training part.
absl::StatusOr<TrainingLength> LengthOfTraining(const v1::TrainWorkload& workload, uint64_t train_size);

}  // namespace basin::contract
