#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// What is measured at the end of an epoch, and at the end of a training that ends inside one.
struct EpochReport {
  uint64_t step = 0;      // Updates done.
  double epoch = 0;       // step / steps per epoch.
  uint64_t examples = 0;  // Used for updates so far.
  double train_loss = 0;  // Mean over the examples of the epoch's batches, each batch before its update.
  double validation_loss = 0, validation_accuracy = 0;
  double test_loss = 0, test_accuracy = 0;
  double learning_rate = 0;  // Of the last step.
  double gradient_norm =
      0;  // L2 norm of the last batch's gradient of the mean loss, not clipped, the L2 penalty left out.
  // What the workload's policies add, by name: `swa_val_loss`, `examples_to_target`, ...
  std::vector<std::pair<std::string, double>> further;

  // All that was measured, by the names of contract::MetricNames and in their order.
  std::vector<std::pair<std::string_view, double>> Metrics() const;
  // REQUIRES: the workload reports the metric.
  double Metric(std::string_view name) const;

  // `further` has its names already.
  void VisitState(StateVisitor& visitor);
};

}  // namespace basin::worker::train
