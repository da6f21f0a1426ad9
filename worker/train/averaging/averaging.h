#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/averaging.pb.h"
#include "proto/contract/schedule/schedule.h"
#include "proto/contract/schedule/weight_times.h"
#include "worker/train/averaging/exponential_mean.h"
#include "worker/train/averaging/part_scores.h"
#include "worker/train/averaging/running_mean.h"
#include "worker/train/averaging/snapshot_ensemble.h"
#include "worker/train/epoch_report.h"
#include "worker/train/examples.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// What the averages add to a report: `swa_val_loss`, ..., by the names of contract::MetricNames and in their order.
std::vector<std::string> AveragedMetrics(const v1::Averaging& rules);

// The averages over a training's weights, as its workload asks for (see averaging.proto).
class Averaging {
 public:
  // `schedule` outlives it; `params` and `buffers` are the numbers of floats. INVALID_ARGUMENT, with a path from
  // Averaging on, for an average that would never get any weights.
  static absl::StatusOr<std::unique_ptr<Averaging>> Create(const v1::Averaging& rules,
                                                           const contract::TrainingLength& length,
                                                           const contract::Schedule& schedule, size_t params,
                                                           size_t buffers);

  // Told of the weights after every update.
  void Observe(uint64_t updates, std::span<const float> params, std::span<const float> buffers);

  // An average as it is now, `swa` or `ema`, or a member of the ensemble, `ensemble.0` the oldest.
  struct Average {
    std::string name;
    std::span<const float> params;
    // The running averages of batch norms that the network had; those of averaged parameters are made anew.
    std::optional<std::span<const float>> buffers;
  };
  // Those that have any weights. Valid until the next call that is not const.
  std::vector<Average> Averages();

  // How networks are measured.
  struct Measures {
    std::function<PartScores(std::span<const float> averaged_params)> score;
    SnapshotEnsemble::Predict predict;
  };
  // Adds the metrics of each average to a report that has all else.
  void AddTo(EpochReport& report, const TrainingData& data, const Measures& measures);

  void VisitState(StateVisitor& visitor);

 private:
  Averaging() = default;

  std::optional<contract::WeightTimes> swa_times_, ensemble_times_;
  std::optional<RunningMean> swa_;
  std::optional<ExponentialMean> ema_;
  std::optional<SnapshotEnsemble> ensemble_;
  AlignedBuffer<float> swa_params_, ema_params_;  // What Averages() gives out.
  uint64_t swa_scored_ = 0;                       // The number of weights in the average that swa_scores_ is of.
  PartScores swa_scores_{};
};

}  // namespace basin::worker::train
