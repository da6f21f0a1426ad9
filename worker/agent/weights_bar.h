#pragma once

#include <optional>
#include <span>

#include "basin/v1/trial.pb.h"
#include "basin/v1/worker_service.pb.h"

namespace basin::worker::agent {

// Follows what a trial reports, to tell whether its final weights are worth an upload. In doubt they are: the server
// decides.
class WeightsBar {
 public:
  explicit WeightsBar(const v1::LeasedTrial& lease);

  void Add(std::span<const v1::MetricPoint> points);
  // Whether the sweep may keep the weights of a trial that succeeds with what was added.
  bool IsPassed() const;

 private:
  bool Better(double a, double b) const { return bar_.objective().has_maximize() ? a > b : a < b; }

  const v1::WeightsBar bar_;
  const bool has_bar_;
  const bool at_best_;
  // The best value of a trial that goes on from a checkpoint may have been reported by another worker.
  const bool unknown_;
  std::optional<double>
      value_;  // Of the objective's metric, once it is reported: the last one, or the best finite one.
};

}  // namespace basin::worker::agent
