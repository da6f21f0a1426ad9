#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/core/model.h"

// What has happened. The state changes through these alone, and so does the store; together they carry all
// nondeterminism, so that the same events always give the same state.
namespace basin::server::core {

struct SweepCreated {
  SweepId id;
  std::shared_ptr<const SweepDefinition> definition;
  std::string request_id;
  std::string spec_digest;
  WallTime at{};
  std::string owner = {};
  std::optional<Verification> verifies = {};  // Its pins follow with a SweepPinned.
};
struct SweepStateChanged {
  SweepId id;
  SweepState state;
  std::string message;                                // Why it FAILED.
  std::shared_ptr<const SweepDefinition> definition;  // Set when an ended sweep goes on.
  WallTime at{};
};
struct SweepPinned {
  SweepId id;
  SweepPins pins;  // All of them; they replace the earlier ones.
};
struct SweepDeleted {
  SweepId id;
  WallTime at{};
};

// A trial that was never leased has ended with the result of another, which was computed from the same.
struct TrialReused {
  TrialKey key;
  uint64_t config = 0;
  uint64_t seed = 0;
  std::vector<v1::Param> params;
  std::string workload_digest;                // As in TrialLeased.
  TrialState state = TrialState::kSucceeded;  // Or kDiverged.
  std::optional<double> objective;
  std::string message;
  KnownResult result;  // Its weights only if they stay with this trial too.
  WallTime at{};
};
// An attempt begins. On disk before its lease is answered.
struct TrialLeased {
  TrialKey key;
  uint32_t attempt = 0;
  uint32_t failures = 0;  // Of the trial so far.
  uint64_t config = 0;
  uint64_t seed = 0;
  std::vector<v1::Param> params;
  std::string workload_digest;  // Of the config, with the first seed's first attempt; empty if no other may reuse it.
  WorkerId worker;
  std::optional<Checkpoint> from;  // Where it goes on; nothing: at the start, and any checkpoints are dropped.
  WallTime at{};
  MonoTime mono{};         // Not stored.
  MonoTime lease_until{};  // Not stored.
};
struct PointsAppended {
  TrialKey key;
  uint32_t attempt = 0;
  uint64_t first_sequence = 0;
  std::vector<Point> points;
};
// A checkpoint of the open attempt. Of the trial's, all but the newest kCheckpointsKept are dropped.
struct CheckpointAdded {
  TrialKey key;
  Checkpoint checkpoint;
  WallTime at{};
};
// The open attempt, which has told nothing yet, can't go on from the trial's newest checkpoint: that is dropped, and
// the attempt goes on from another.
struct CheckpointRejected {
  TrialKey key;
  uint32_t attempt = 0;  // The open one.
  Checkpoint rejected;
  std::optional<Checkpoint> from;  // Instead; nothing: the attempt begins at the start.
};
// The final weights of the open attempt, in the place of any before. They become the trial's with the result of this
// attempt, in its commit, and go with the attempt otherwise.
struct WeightsAdded {
  TrialKey key;
  uint32_t attempt = 0;
  Artifact file;
  WallTime at{};
};
// A trial that has a result loses its weights: its sweep keeps those of the best trial alone, which is another. In the
// commit of the result by which that was known.
struct WeightsDropped {
  TrialKey key;
};
// An attempt ended without a result; the trial is PENDING again.
struct TrialRequeued {
  TrialKey key;
  uint32_t attempt = 0;
  uint32_t failures = 0;  // Including this attempt, unless it was handed back.
  std::string message;
  WallTime at{};
  MonoTime mono{};  // Not stored.
};
// The trial's one accepted end. Its checkpoints are dropped.
struct TrialFinished {
  TrialKey key;
  uint32_t attempt = 0;  // 0 if it never had one (cancelled while queued again).
  TrialState state = TrialState::kSucceeded;
  std::optional<double> objective;
  std::map<std::string, double> metrics;  // Last value by name; of SUCCEEDED and DIVERGED alone.
  std::optional<Outcome> outcome;         // As the worker sent it.
  std::string message;
  uint64_t next_sequence = 0;
  WorkerId worker;  // Of the attempt.
  WallTime at{};
};
// Trials that were never leased are CANCELLED with their sweep; a count, for they have no rows.
struct PendingCancelled {
  SweepId id;
  uint64_t count = 0;
};
// A FAILED trial is PENDING again, with its full number of attempts.
struct TrialRetried {
  TrialKey key;
  uint32_t attempts = 0;
  WallTime at{};
};

struct WorkerRegistered {
  WorkerId id;
  WorkerDescription description;
  WallTime at{};
  MonoTime mono{};  // Not stored.
};
struct WorkerStateChanged {
  WorkerId id;
  WorkerState state;
  WallTime at{};
};

// A worker gets no trials that another could run, until the blame (WorkerBlamed, before this) says so or it registers
// anew. For the record alone: the state knows it by the blame.
struct WorkerSetAside {
  WorkerId id;
  std::string reason;
  WallTime at{};
};

// Who gave the command that the events before this one came of; only where callers are asked who they are.
struct Audited {
  std::string actor;
  std::string action;   // "create sweep"
  std::string subject;  // The sweep's or worker's id.
  WallTime at{};
};

// Memory alone: stores ignore these four.
struct WorkerBlamed {
  WorkerId id;
  Blame blame;  // In the place of the earlier one.
};
struct LeasesRenewed {
  WorkerId worker;               // Heard of at `mono`.
  std::vector<TrialKey> trials;  // Whose lease now ends at `lease_until`.
  MonoTime mono{};
  MonoTime lease_until{};
};
// Leases, silences and time limits end later by `by`; leases and silences no later than if they had begun at `mono`,
// and time limits no sooner than as long after it again, a third of a lease at most: a worker whose call was not
// answered in that time gives the result a while later.
struct DeadlinesPutOff {
  MonoTime by{};
  MonoTime mono{};
};
struct LeaseAnswered {  // The answer to a lease call that may be repeated.
  WorkerId worker;
  std::string request_id;
  std::vector<TrialKey> trials;
};

using Event =
    std::variant<SweepCreated, SweepStateChanged, SweepPinned, SweepDeleted, TrialReused, TrialLeased, PointsAppended,
                 CheckpointAdded, CheckpointRejected, WeightsAdded, WeightsDropped, TrialRequeued, TrialFinished,
                 PendingCancelled, TrialRetried, WorkerRegistered, WorkerStateChanged, WorkerSetAside, Audited,
                 WorkerBlamed, LeasesRenewed, DeadlinesPutOff, LeaseAnswered>;

}  // namespace basin::server::core
