#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "basin/v1/stopping.pb.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/epoch_report.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// The rules that end a training before its length (see stopping.proto): early stopping with the best weights kept, a
// target, a limit of time, a bound of the losses. Told of each evaluation, in order.
class Stopping {
 public:
  // `averaged` are the metrics that a report has further before AddTo; `params` and `buffers` the numbers of floats to
  // keep of the best evaluation.
  Stopping(const v1::Stopping& rules, const std::vector<std::string>& averaged, size_t params, size_t buffers);

  // Seconds of training so far, in this process; without it there is no limit of time. Time comes in here alone.
  void set_clock(std::function<double()> seconds) { seconds_ = std::move(seconds); }

  // True when the limit of time is reached: the next step is the last.
  bool TimeIsUp() const;
  // A loss that is not finite or above the bound.
  bool IsDivergence(const EpochReport& report) const;
  // Adds examples_to_target and seconds_to_target to a report that has all else.
  void AddTo(EpochReport& report);
  // Why the training ends with this evaluation, for people, or nothing. `params` and `buffers` are those that it
  // measured.
  std::optional<std::string> Observe(const EpochReport& report, std::span<const float> params,
                                     std::span<const float> buffers);

  // The best evaluation, but for what AddTo adds, which is of the training and not of its weights; and its weights, if
  // they are to be the final ones.
  bool keeps_best() const { return rules_.has_early_stopping() && rules_.early_stopping().keep_best_weights(); }
  // REQUIRES: an evaluation was observed.
  const EpochReport& best_report() const { return best_; }
  std::span<const float> best_params() const { return best_params_.span(); }
  std::span<const float> best_buffers() const { return best_buffers_.span(); }

  void VisitState(StateVisitor& visitor);

 private:
  double Seconds() const;
  std::optional<std::string> ObserveBest(const EpochReport& report, std::span<const float> params,
                                         std::span<const float> buffers);

  v1::Stopping rules_;
  std::function<double()> seconds_;
  double seconds_before_ = 0;  // Of earlier processes that trained this.
  bool has_best_ = false;
  double best_value_ = 0;  // Of the rule's metric.
  EpochReport best_;
  AlignedBuffer<float> best_params_, best_buffers_;
  uint64_t evaluations_since_best_ = 0;
  double examples_to_target_, seconds_to_target_;  // Infinite until then.
};

}  // namespace basin::worker::train
