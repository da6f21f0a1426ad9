#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "proto/contract/schedule/schedule.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/augmentation.h"
#include "worker/train/averaging/averaging.h"
#include "worker/train/averaging/snapshot_ensemble.h"
#include "worker/train/batch_gradient.h"
#include "worker/train/batch_order.h"
#include "worker/train/epoch_report.h"
#include "worker/train/examples.h"
#include "worker/train/network.h"
#include "worker/train/optim/parameter_update.h"
#include "worker/train/rate_factor.h"
#include "worker/train/state_visitor.h"
#include "worker/train/stopping.h"
#include "worker/train/thread_pool.h"

namespace basin::worker::train {

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
  // the validation or test loss, is not finite or above the workload's bound; step() is then the number of updates
  // before that was seen. kFinished also when a rule of the workload ended it; ending() says which. With early stopping
  // the weights are then the kept ones, and their evaluation is reported a second time. kStopped if `stop` (may be
  // null) was set, or after `pause_at` updates; a later call goes on.
  Outcome Run(const std::function<void(const EpochReport&)>& report, const std::atomic<bool>* stop,
              uint64_t pause_at = UINT64_MAX);

  // For stopping.seconds and seconds_to_target: seconds of training so far in this process. Without it no time is seen.
  void set_clock(std::function<double()> seconds) { stopping_.set_clock(std::move(seconds)); }
  // Ends after this many updates, as a clock did in the run that is repeated.
  void set_last_step(uint64_t step) { last_step_ = std::min(step, length_.total_steps); }
  // Why it ended before its length, in words; empty if it did not.
  const std::string& ending() const { return ending_; }
  // The averages over the weights, for artifacts. Valid until the next step or evaluation.
  std::vector<Averaging::Average> Averages() { return averaging_->Averages(); }

  // The running averages of batch norms that belong to averaged parameters: made anew over the training part. Empty
  // where there are none. Valid until the next call, step or evaluation.
  std::span<const float> BuffersOfAverage(std::span<const float> params);

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
  bool EndsEpoch(uint64_t step) const { return step % length_.steps_per_epoch == 0 || step == last_step_; }
  // Calls visit(batch, number of its first example) for the examples in order.
  void ForBatches(const Examples& examples,
                  const std::function<void(const Batch<float>& batch, int64_t first)>& visit) const;
  Network<float>::Score EvaluateOn(const Examples& examples, const float* params, const float* buffers);
  void PredictOn(const Examples& examples, const SnapshotEnsemble::Member& network, Predictions* predictions);
  PartScores ScoresOf(const float* params, const float* buffers);
  PartScores ScoresOfAverage(std::span<const float> params);
  // Tells the rules of an evaluation; true if one of them ends the training.
  bool EndsWith(const EpochReport& report);

  const uint64_t seed_;
  const TrainingData& data_;
  ThreadPool* const pool_;
  const contract::TrainingLength length_;
  const double base_rate_;
  RateFactor rate_factor_;
  const Network<float> network_;
  AlignedBuffer<float> params_, buffers_;
  ParameterUpdate update_;
  BatchOrder order_;
  Network<float>::Workspace workspace_;
  BatchGradient batch_gradient_;
  std::unique_ptr<Augmentation> augmentation_;  // Null: examples are taken as they are.

  Stopping stopping_;
  std::unique_ptr<Averaging> averaging_;
  AlignedBuffer<float> averaged_buffers_;  // What BuffersOfAverage makes.
  const int64_t micro_batch_size_;
  uint64_t last_step_;  // The number of updates after which it ends.
  std::string ending_;

  uint64_t step_ = 0;
  uint64_t examples_ = 0;
  double rate_ = 0;        // Of the last step.
  double epoch_loss_ = 0;  // Sum over the epoch's examples so far.
  uint64_t epoch_first_example_ = 0;
};

}  // namespace basin::worker::train
