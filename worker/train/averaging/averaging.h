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
#include "worker/train/averaging/exponential_mean.h"
#include "worker/train/averaging/running_mean.h"
#include "worker/train/epoch_report.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// Loss and accuracy on the validation and the test part.
struct PartScores {
  double validation_loss, validation_accuracy, test_loss, test_accuracy;
};

// The averages of a training's weights, as its workload asks for (see averaging.proto).
class Averaging {
 public:
  // `schedule` outlives it; `weights` is the number of floats. INVALID_ARGUMENT, with a path from Averaging on, for an
  // average that would never get any weights.
  static absl::StatusOr<std::unique_ptr<Averaging>> Create(const v1::Averaging& rules,
                                                           const contract::TrainingLength& length,
                                                           const contract::Schedule& schedule, size_t weights);

  // Told of the weights after every update.
  void Observe(uint64_t updates, std::span<const float> weights);

  // An average: `swa` or `ema`, as its weights are now.
  struct Average {
    std::string name;
    std::span<const float> weights;
  };
  // Those that have any weights. Valid until the next call that is not const.
  std::vector<Average> Averages();

  // Adds the metrics of each average to a report that has all else; `score` measures weights.
  void AddTo(EpochReport& report, const std::function<PartScores(std::span<const float>)>& score);

  void VisitState(StateVisitor& visitor);

 private:
  Averaging(const v1::Averaging& rules, const contract::Schedule& schedule, uint64_t swa_start, uint64_t swa_every,
            size_t weights);
  bool TakesAt(uint64_t updates) const;

  const contract::Schedule& schedule_;
  uint64_t swa_start_, swa_every_;  // Updates; every 0: at the ends of cycles.
  std::optional<RunningMean> swa_;
  std::optional<ExponentialMean> ema_;
  AlignedBuffer<float> swa_weights_, ema_weights_;  // What Averages() gives out.
  uint64_t swa_scored_ = 0;                         // The number of weights in the average that swa_scores_ is of.
  PartScores swa_scores_{};
};

}  // namespace basin::worker::train
