#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/core/model.h"

// What a store gives back at start-up: exactly what the state needs to go on, whatever the number of finished trials.
namespace basin::server::core {

// A SUCCEEDED trial.
struct RankedTrial {
  uint64_t index = 0;
  double objective = 0;

  bool operator==(const RankedTrial&) const = default;
};

struct SweepRecord {
  SweepId id;
  std::string name;
  SweepState state = SweepState::kRunning;
  std::string message;
  // Set while the sweep is RUNNING or PAUSED, or a trial of it runs (those of a FAILED sweep go on to their end).
  std::shared_ptr<const SweepDefinition> definition;
  std::string request_id;
  std::string spec_digest;
  std::string owner;  // Who created it; empty if nobody was asked.
  int32_t priority = 0;
  uint64_t configs = 0;
  uint64_t seeds = 0;
  bool maximize = false;
  TrialCounts counts;
  SweepPins pins;
  std::optional<Verification> verifies;
  // At most kBestTrials, the best first; of equal ones that with the lowest index.
  std::vector<RankedTrial> best;
  WallTime created_at{};
  std::optional<WallTime> started_at, ended_at;
};

// A trial that has a row and waits to be leased again.
struct QueuedTrial {
  TrialKey key;
  uint32_t attempts = 0;
  uint32_t failures = 0;
  std::vector<Checkpoint> checkpoints{};  // The oldest first.
  FailedOn failed_on{};
};

// A trial with an open attempt.
struct OpenTrial : Progress {
  TrialKey key;
  uint32_t attempt = 0;
  uint32_t failures = 0;
  WorkerId worker;
  WallTime started_at{};
  std::vector<Checkpoint> checkpoints{};  // The oldest first.
};

struct WorkerRecord {
  WorkerId id;
  WorkerDescription description;
  WorkerState state = WorkerState::kConnected;
  WallTime connected_at{};
  uint64_t trials_finished = 0;  // TrialFinished events with an outcome of this worker.
};

struct Snapshot {
  std::vector<SweepRecord> sweeps;
  std::vector<QueuedTrial> queued;
  std::vector<OpenTrial> open;
  // For each sweep with PENDING trials (a FAILED one may be retried), which indices below the highest leased one never
  // were: (sweep -> sorted indices); and the next index after the highest leased one.
  std::map<SweepId, std::vector<uint64_t>> skipped;
  std::map<SweepId, uint64_t> next_index;
  std::vector<WorkerRecord> workers;  // CONNECTED, DRAINING or LOST ones; those that left are history.
};

}  // namespace basin::server::core
