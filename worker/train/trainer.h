#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "proto/contract/schedule/schedule.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/augmentation.h"
#include "worker/train/batch_gradient.h"
#include "worker/train/batch_order.h"
#include "worker/train/examples.h"
#include "worker/train/network.h"
#include "worker/train/optim/parameter_update.h"
#include "worker/train/state_visitor.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// What is measured at the end of an epoch, and at the end of a training that ends inside one.
struct EpochReport {
  uint64_t step;      // Updates done.
  double epoch;       // step / steps per epoch.
  uint64_t examples;  // Used for updates so far.
  double train_loss;  // Mean over the examples of the epoch's batches, each batch before its update.
  double validation_loss, validation_accuracy;
  double test_loss, test_accuracy;
  double learning_rate;  // Of the last step.
  double gradient_norm;  // L2 norm of the last batch's gradient of the mean loss, not clipped, the L2 penalty left out.
};

// Trains one network. Deterministic: the weights and the reports are a function of the workload, the seed and the data,
// whatever the number of threads. Not thread-safe.
class Trainer {
 public:
  // `workload` has its defaults filled in and is valid. `data` and `pool` (may be null) outlive the trainer.
  // INVALID_ARGUMENT naming the field (`train.batch_size`, `train.schedule...`) for a fault that shows with the data.
  // Throws std::bad_alloc when there is no memory.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(const v1::TrainWorkload& workload, uint64_t seed,
                                                         const TrainingData& data, ThreadPool* pool);

  enum class Outcome { kFinished, kDiverged, kStopped };
  // Steps to the end. Calls `report` after each epoch. kDiverged as soon as a batch's loss, or after an epoch's report
  // the validation or test loss, is not finite; step() is then the number of updates before that was seen. kStopped if
  // `stop` (may be null) was set, or after `pause_at` updates; a later call goes on.
  Outcome Run(const std::function<void(const EpochReport&)>& report, const std::atomic<bool>* stop,
              uint64_t pause_at = UINT64_MAX);

  // One update; returns the batch's mean loss before it. REQUIRES: step() < length().total_steps.
  double Step();

  // REQUIRES: the last step ended an epoch or the training.
  EpochReport Evaluate();

  // All that the training remembers between two steps, once what ended with the last one is reported. A trainer of the
  // same workload, seed and data that is given these values goes on bit by bit.
  void VisitState(StateVisitor& visitor);

  uint64_t step() const { return step_; }
  const contract::TrainingLength& length() const { return length_; }
  const NetworkShape& shape() const { return network_.shape(); }
  // Flat, in the order of NetworkShape.
  std::span<const float> params() const { return params_.span(); }
  // Running averages of batch norms; flat, in the order of NetworkShape. Empty where there are none.
  std::span<const float> buffers() const { return buffers_.span(); }
  // See ParameterUpdate::gradient. REQUIRES: as Evaluate; in between it is not kept.
  std::span<const float> gradient() const { return update_.gradient(); }

 private:
  Trainer(const v1::TrainWorkload& workload, uint64_t seed, const TrainingData& data, ThreadPool* pool,
          const contract::TrainingLength& length, std::unique_ptr<contract::Schedule> schedule, NetworkShape shape);
  bool EndsEpoch(uint64_t step) const { return step % length_.steps_per_epoch == 0 || step == length_.total_steps; }
  Network<float>::Score EvaluateOn(const Examples& examples);

  const uint64_t seed_;
  const TrainingData& data_;
  ThreadPool* const pool_;
  const contract::TrainingLength length_;
  const double base_rate_;
  const std::unique_ptr<contract::Schedule> schedule_;
  const Network<float> network_;
  AlignedBuffer<float> params_, buffers_;
  ParameterUpdate update_;
  BatchOrder order_;
  Network<float>::Workspace workspace_;
  BatchGradient batch_gradient_;
  std::unique_ptr<Augmentation> augmentation_;  // Null: examples are taken as they are.

  uint64_t step_ = 0;
  uint64_t examples_ = 0;
  double rate_ = 0;        // Of the last step.
  double epoch_loss_ = 0;  // Sum over the epoch's examples so far.
  uint64_t epoch_first_example_ = 0;
};

}  // namespace basin::worker::train
