#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/trial.pb.h"
#include "basin/v1/workload.pb.h"
#include "client/cli/context.h"

namespace basin::client::cli {

// A trial that a user named as SWEEP/INDEX.
struct NamedTrial {
  std::string sweep;  // The whole id.
  uint64_t index = 0;
  v1::Workload workload;  // Resolved, with defaults.
  uint64_t seed = 0;
  v1::Trial run;  // Empty if it has not begun; without params and metrics.

  std::string name() const;  // "k3f9d2ma/17"
};

// INVALID_ARGUMENT for a sweep without an index, OUT_OF_RANGE for an index that the sweep has not.
absl::StatusOr<NamedTrial> FindTrial(Context& context, const std::string& name);

// A trial whose training is to be analysed. Its weights need not be stored: they come out again, with the same bits,
// of its settings and its seed.
struct TrainedTrial {
  std::string sweep;  // The whole id.
  uint64_t index = 0;
  v1::TrainWorkload train;  // Resolved, with defaults.
  uint64_t seed = 0;        // Of the training.
  // Of the final weights; empty if the trial has no result, or is itself an analysis.
  std::string weights_digest;
  double seconds = 0;  // How long it trained; 0 if that is not known.

  std::string name() const;  // "k3f9d2ma/17"
};

// Of a trial that trains, or that analyses a training. INVALID_ARGUMENT for a descent on a surface.
absl::StatusOr<TrainedTrial> TrainingOf(const NamedTrial& trial);

// Both.
absl::StatusOr<TrainedTrial> FindTrainedTrial(Context& context, const std::string& name);

// A sweep for an answer of this client: runs it, or finds it again if the same one ran before, and follows it.
struct AnalysisResults {
  v1::Sweep sweep;
  std::vector<v1::Trial> trials;  // By ascending index, with metrics; all SUCCEEDED.
};

// `before_waiting` is called once the sweep is there, unless it has ended. CANCELLED after Ctrl-C, with the sweep
// paused, so that the same command goes on with it. FAILED_PRECONDITION, with its message, when a trial has no result.
absl::StatusOr<AnalysisResults> RunForAnswer(
    Context& context, const v1::SweepSpec& spec, const std::function<void()>& before_waiting = [] {});

// The same for an analysis. Says when a training that took long has to be computed again, and warns when it came out
// with other weights than `of` has.
absl::StatusOr<AnalysisResults> RunAnalysis(Context& context, const v1::SweepSpec& spec, const TrainedTrial& of);

// FAILED_PRECONDITION: the server has deleted the metric points of an analysis (--keep-metrics-days).
absl::Status PointsAreGone(const std::string& sweep);

// A spec of one seed to which the kind of analysis is still to be added: "landscape-k3f9d2ma-17". `examples` 0: all.
v1::SweepSpec AnalysisSpec(const std::string& name, const TrainedTrial& of, const std::string& objective, uint64_t seed,
                           uint64_t examples);

}  // namespace basin::client::cli
