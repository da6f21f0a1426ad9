#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// `full` of TrainWorkload.batch_size.
inline constexpr uint32_t kFullBatch = 4294967295u;

// Steps of a resolved TrainWorkload on a training part of `train_size` examples; the trainer and the schedule preview
// share it. INVALID_ARGUMENT (path `train.batch_size`) if the batch is larger than the training part,
// or (`train.accumulate`) if the batch has fewer examples than micro-batches.
absl::StatusOr<TrainingLength> LengthOfTraining(const v1::TrainWorkload& workload, uint64_t train_size);

// Examples in a batch. REQUIRES, as the functions below: LengthOfTraining accepts the workload.
uint64_t BatchSize(const v1::TrainWorkload& workload, uint64_t train_size);

// Examples that go through the network at once; see TrainWorkload.accumulate.
uint64_t MicroBatchSize(const v1::TrainWorkload& workload, uint64_t train_size);

// The learning rate that the schedule multiplies: scaled with the batch size; see basin.v1.LearningRateScaling.
double BaseRate(const v1::TrainWorkload& workload, uint64_t train_size);

}  // namespace basin::contract
