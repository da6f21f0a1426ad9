#include "proto/contract/schedule/training_length.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {
namespace {

uint64_t DivideRoundingUp(uint64_t value, uint64_t by) { return value / by + (value % by != 0); }

}  // namespace

absl::StatusOr<TrainingLength> LengthOfTraining(const v1::TrainWorkload& workload, uint64_t train_size) {
  const uint64_t batch = BatchSize(workload, train_size);
  if (batch == 0 || batch > train_size) {
    return ScheduleFault("train.batch_size",
                         absl::StrCat("must be 1 to ", train_size, ", the examples of the training part, or full, is ",
                                      workload.batch_size()));
  }
  if (workload.accumulate() > batch) {
    return ScheduleFault("train.accumulate",
                         absl::StrCat("must be 1 to ", batch, ", the examples of a batch, is ", workload.accumulate()));
  }
  const uint64_t steps_per_epoch = workload.drop_last() ? train_size / batch : DivideRoundingUp(train_size, batch);
  const uint64_t examples_per_epoch = workload.drop_last() ? steps_per_epoch * batch : train_size;
  switch (workload.length_case()) {
    case v1::TrainWorkload::kEpochs:
      return TrainingLength{workload.epochs() * steps_per_epoch, steps_per_epoch};
    case v1::TrainWorkload::kSteps:
      return TrainingLength{workload.steps(), steps_per_epoch};
    case v1::TrainWorkload::kExamples: {
      const uint64_t whole_epochs = workload.examples() / examples_per_epoch;
      const uint64_t rest = workload.examples() % examples_per_epoch;
      return TrainingLength{whole_epochs * steps_per_epoch + DivideRoundingUp(rest, batch), steps_per_epoch};
    }
    case v1::TrainWorkload::LENGTH_NOT_SET:
      break;
  }
  return ScheduleFault("train.length", "must be one of epochs, steps, examples");
}

uint64_t BatchSize(const v1::TrainWorkload& workload, uint64_t train_size) {
  return workload.batch_size() == kFullBatch ? train_size : workload.batch_size();
}

uint64_t MicroBatchSize(const v1::TrainWorkload& workload, uint64_t train_size) {
  return DivideRoundingUp(BatchSize(workload, train_size), std::max(workload.accumulate(), 1u));
}

double BaseRate(const v1::TrainWorkload& workload, uint64_t train_size) {
  const auto batch = static_cast<double>(BatchSize(workload, train_size));
  const v1::LearningRateScaling& scaling = workload.learning_rate_scaling();
  if (scaling.has_linear()) return workload.learning_rate() * (batch / scaling.linear().base_batch_size());
  if (scaling.has_square_root()) {
    return workload.learning_rate() * std::sqrt(batch / scaling.square_root().base_batch_size());
  }
  return workload.learning_rate();
}

}  // namespace basin::contract
