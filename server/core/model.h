#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "basin/v1/domain.pb.h"
#include "basin/v1/sweep.pb.h"
#include "proto/contract/space.h"

// The nouns of the scheduler. Values only: no behaviour, no I/O.
namespace basin::server::core {

using SweepId = std::string;   // Eight random characters of [a-z2-7].
using WorkerId = std::string;  // "w-" and twelve of the same.

// Nanoseconds of a monotonic clock, for deadlines; comparable only within one run of the server.
using MonoTime = std::chrono::duration<int64_t, std::nano>;
// Nanoseconds since the Unix epoch, for display alone. No decision reads it.
using WallTime = std::chrono::duration<int64_t, std::nano>;
struct Now {
  MonoTime mono{};
  WallTime wall{};
};

struct TrialKey {
  SweepId sweep;
  uint64_t index = 0;
  auto operator<=>(const TrialKey&) const = default;
};
// SWEEP/INDEX, as users write it.
std::string ToText(const TrialKey& key);

enum class SweepState { kRunning = 1, kPaused = 2, kFinished = 3, kCancelled = 4, kFailed = 5 };        // As in v1.
enum class TrialState { kPending = 1, kRunning, kSucceeded, kDiverged, kPruned, kFailed, kCancelled };  // As in v1.
enum class WorkerState { kConnected = 1, kDraining = 2, kLeft = 3, kLost = 4 };                         // As in v1.

// What a user submitted, parsed once; immutable and shared with the threads that answer requests.
struct SweepDefinition {
  v1::SweepSpec spec;  // Defaults filled in.
  std::shared_ptr<const contract::Space> space;
  std::string objective_metric;
  bool maximize = false;
  bool objective_at_best = false;
  uint64_t configs = 0;
  uint64_t seeds = 0;
  uint32_t max_attempts = 3;
  uint32_t max_parallel = 0;                 // 0: no limit.
  std::optional<MonoTime> trial_time_limit;  // Of one attempt.
  uint64_t workload_bytes = 0;               // contract::MostWorkloadBytes.

  uint64_t trials() const { return configs * seeds; }
  uint64_t ConfigOf(uint64_t index) const { return index % configs; }
  uint64_t SeedPositionOf(uint64_t index) const { return index / configs; }

  // REQUIRES: contract::ValidateSweep(spec) is OK. Fails only as Space::Create does.
  static absl::StatusOr<std::shared_ptr<const SweepDefinition>> Create(v1::SweepSpec spec);
};

struct TrialCounts {
  uint64_t pending = 0, running = 0, succeeded = 0, diverged = 0, pruned = 0, failed = 0, cancelled = 0;
  uint64_t reused = 0;  // Of those with a result.
  uint64_t total() const { return pending + running + succeeded + diverged + pruned + failed + cancelled; }
  uint64_t& Of(TrialState state);
  bool operator==(const TrialCounts&) const = default;
};

// What makes the trials of a sweep comparable: fixed by its first lease, and asked of every later worker. As long as no
// trial has a result and none runs, there is nothing to compare with: then the next lease fixes them anew. Those of a
// verification are those of the trial that it runs again, for ever.
struct SweepPins {
  std::string engine_fingerprint;              // Empty: not pinned yet.
  std::map<std::string, std::string> digests;  // Data set -> digest.
  bool operator==(const SweepPins&) const = default;
};

// What a sweep of one trial is for: to run a trial that has a result again, so that the two can be compared.
struct Verification {
  TrialKey trial;
  std::string worker;  // The name of the one that ran it: another one is preferred.
  bool operator==(const Verification&) const = default;
};

struct WorkerDescription {
  std::string name;
  std::string version;
  std::string engine_fingerprint;
  uint32_t slots = 1;
  uint32_t threads_per_trial = 1;
  std::map<std::string, std::string> datasets;  // Name -> digest.
  std::string principal = {};                   // Who registered it: of his token or certificate.
  bool operator==(const WorkerDescription&) const = default;
};

// What speaks against a worker (see set_aside.h). Forgotten by a restart.
struct Blame {
  std::set<TrialKey> trials;  // That failed on it and nowhere else, since its last result.
  uint32_t pauses = 0;        // So often in a row it was set aside.
  MonoTime until{};           // It is set aside until then.
  std::string reason;         // Why it was, the last time.
  bool operator==(const Blame&) const = default;
};

struct Point {
  std::string name;
  uint64_t step = 0;
  double value = 0;
  double epoch = 0;
  uint64_t examples = 0;
};

// What an attempt has told so far.
struct Progress {
  uint64_t next_sequence = 0;
  std::map<std::string, double> last;    // Last value of each metric.
  std::optional<double> best_objective;  // Best finite value of the objective's metric.
  double epoch = 0;
};

enum class ArtifactKind { kCheckpoint = 1, kWeights = 2 };  // As stored.
// Where a trial has failed. Forgotten by a restart.
struct FailedOn {
  WorkerId last;         // Empty: nowhere, or not known.
  bool several = false;  // On other workers too.
  MonoTime at{};         // The last time.
};

// A file that a trial left, in the artifact store.
struct Artifact {
  ArtifactKind kind = ArtifactKind::kCheckpoint;
  std::string name;  // Within the trial.
  uint64_t step = 0;
  uint64_t bytes = 0;
  std::string sha256;  // Hex; the file's name in the artifact store.
};
// A place from which another attempt can go on: the file, whose it is, and what had been told when it was made. An
// attempt that goes on from it numbers its points from there on, so that each number stands once in the trial's
// accepted lineage.
struct Checkpoint {
  uint32_t attempt = 0;
  Artifact file;
  Progress progress;
};
// So many of a trial are kept, in case that the newest is damaged.
inline constexpr size_t kCheckpointsKept = 2;

enum class OutcomeKind { kSucceeded = 1, kDiverged, kInvalid, kError, kReleased };  // As in v1.TrialOutcome.
struct Outcome {
  OutcomeKind kind = OutcomeKind::kError;
  std::string message;
  std::string weights_digest;
  std::string data_digest;
  std::string engine_fingerprint;
  std::chrono::nanoseconds duration{};  // Not part of the outcome's identity: a repeat may differ in it.

  // Of everything but the duration; equal outcomes have equal texts.
  std::string Identity() const;
};

// What a trial's result follows from, bit by bit.
struct Computation {
  std::string workload_digest;  // contract::CanonicalDigest of the resolved workload.
  uint64_t seed = 0;
  std::string engine_fingerprint;
  std::string dataset;      // Empty: it needs none.
  std::string data_digest;  // As a worker has it.
};

// A result that is there already.
struct KnownResult {
  std::string trial;  // SWEEP/INDEX of the one that computed it.
  std::map<std::string, double> metrics;
  std::optional<double> objective;  // As its own sweep has it:
  std::string objective_metric;
  bool maximize = false;
  bool objective_at_best = false;
  Outcome outcome;
  std::optional<Artifact> weights;  // If they are kept.
};

// The accepted end of a trial, as far as a repeated or stale report needs to know it.
struct FinishedTrial {
  TrialState state = TrialState::kSucceeded;
  uint32_t attempt = 0;
  std::string outcome_identity;  // Empty when no worker's outcome ended it (cancelled, time limit, lost).
  uint64_t next_sequence = 0;
};

}  // namespace basin::server::core
