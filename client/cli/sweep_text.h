#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/trial.pb.h"
#include "client/format/row_writer.h"
#include "proto/contract/space.h"

namespace basin::client::cli {

// A state's name without its type: `RUNNING`.
std::string StateName(v1::SweepState state);
std::string StateName(v1::TrialState state);
std::string StateName(v1::WorkerState state);
format::Color StateColor(const format::Cell& state);

// Trial states by their names in any case, separated by commas. INVALID_ARGUMENT names the valid ones.
absl::StatusOr<std::vector<v1::TrialState>> ParseTrialStates(const std::string& text);

// True when nothing more will happen to the sweep.
bool HasEnded(const v1::Sweep& sweep);
// Trials that have ended.
uint64_t DoneTrials(const v1::TrialCounts& trials);
// 1 when the sweep did not end with a result for every trial, else 0.
int ExitCodeOfSweep(const v1::Sweep& sweep);

std::string ObjectiveMetric(const v1::Objective& objective);

// "12 configs x 5 seeds = 60 trials".
std::string SizeText(uint64_t configs, uint64_t seeds);
// "24 of 60 trials done: 23 succeeded, 1 failed; 4 running".
std::string CountsText(const v1::TrialCounts& trials);
// The best trial so far with its params, or empty: "val_loss 0.0713 (trial k3f9/17: batch_size=16 schedule=cosine)".
std::string BestText(const v1::Sweep& sweep);

// One row a sweep, for list and show, in every format.
std::vector<format::Column> SweepColumns();
std::vector<format::Cell> SweepCells(const v1::Sweep& sweep);

}  // namespace basin::client::cli
