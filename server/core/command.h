#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/core/model.h"

// What can be asked of the scheduler, and what it answers. Each command carries all that its decision needs and the
// state does not hold: fresh ids, and what the store knows of finished things (the loop fills these in; see
// runtime/coordinator).
namespace basin::server::core {

// Who gives a command; without a name nobody was asked.
struct Actor {
  std::string name = {};
  bool own_sweeps_only = false;  // May change no sweep but his own.
};

struct CreateSweep {
  SweepId id;  // Fresh.
  std::shared_ptr<const SweepDefinition> definition;
  std::string request_id;   // May be empty.
  std::string spec_digest;  // Of the spec as it came.
  struct Stored {
    SweepId id;
    std::string spec_digest;
  };
  std::optional<Stored> stored;  // The sweep that the store has under request_id.
  Actor by = {};                 // The sweep's owner.
  // What it runs again: a trial that has a result. The definition is of this one trial, without domains.
  std::optional<Verification> verifies = {};
};
struct PauseSweep {
  SweepId id;
  Actor by = {};
};
struct ResumeSweep {
  SweepId id;
  Actor by = {};
};
struct CancelSweep {
  SweepId id;
  Actor by = {};
};
struct RetrySweep {
  SweepId id;
  struct Failed {
    uint64_t index;
    uint32_t attempts;
  };
  std::vector<Failed> failed;                         // All FAILED trials of the sweep, from the store.
  std::shared_ptr<const SweepDefinition> definition;  // From the store, if the state no longer holds it.
  Actor by = {};
};
struct DeleteSweep {
  SweepId id;
  Actor by = {};
};

struct RegisterWorker {
  WorkerId id;  // Fresh.
  WorkerDescription description;
};
// `principal`, here and below: who calls as this worker. To another than who registered it, the worker is unknown.
struct UnregisterWorker {
  WorkerId id;
  std::string principal = {};
};
struct DrainWorker {
  WorkerId id;
  Actor by = {};
};
struct LeaseTrials {
  WorkerId worker;
  uint32_t max_trials = 1;
  std::string request_id;
  std::string principal = {};
  // What the store has for the trials that the last answer named in LeaseReply::look_up; nothing for a trial whose
  // result it has not.
  std::map<TrialKey, std::optional<KnownResult>> known = {};
  // How many trials beyond its slots the worker may hold, of sweeps without limits; no more than it has slots.
  uint32_t ahead = 0;
};
struct TrialReport {
  TrialKey key;
  uint32_t attempt = 0;
  uint64_t first_sequence = 0;
  std::vector<Point> points;
  std::optional<Outcome> outcome;
  std::optional<FinishedTrial> stored;  // What the store has of a trial that the state does not hold as running.
};
struct Report {
  WorkerId worker;
  std::vector<TrialReport> trials;
  std::string principal = {};
};
// The file is in the artifact store already.
struct AddCheckpoint {
  WorkerId worker;
  TrialKey key;
  uint32_t attempt = 0;
  uint64_t next_sequence = 0;  // Points told before it was made.
  Artifact file;
  std::string principal = {};
};
struct RejectCheckpoint {
  WorkerId worker;
  TrialKey key;
  uint32_t attempt = 0;
  std::string sha256;
  std::string principal = {};
};
// The file is in the artifact store already.
struct AddWeights {
  WorkerId worker;
  TrialKey key;
  uint32_t attempt = 0;
  Artifact file;
  std::string principal = {};
};
// Ends what is overdue: leases, time limits, silent workers. `stalled` is for how long nobody could be heard, for the
// loop or its machine was stopped or the disk full, and zero otherwise. Unless it is zero nothing ends: all is put off
// instead, so that heartbeats and results waiting in the queue count. By no more than that time, or workers that died
// before would hold their trials for as long as such times come again and again.
struct ExpireLeases {
  MonoTime stalled{};
};

using Command = std::variant<CreateSweep, PauseSweep, ResumeSweep, CancelSweep, RetrySweep, DeleteSweep, RegisterWorker,
                             UnregisterWorker, DrainWorker, LeaseTrials, Report, AddCheckpoint, RejectCheckpoint,
                             AddWeights, ExpireLeases>;

struct SweepReply {  // To every command on a sweep.
  SweepId id;
  uint64_t requeued = 0;  // By a retry.
};
struct WorkerReply {
  WorkerId id;
};
struct LeaseReply {
  struct Lease {
    TrialKey key;
    uint32_t attempt = 0;
    uint64_t config = 0;
    uint64_t seed = 0;
    std::shared_ptr<const SweepDefinition> definition;  // To resolve the workload outside the loop.
    std::optional<Checkpoint> from;
    // In a sweep that keeps the weights of its best trials: those of a trial with a worse objective will not be.
    std::optional<double> weights_bar;
  };
  std::vector<Lease> leases;
  bool drain = false;
  // Trials that may have a result already, when that has to be known first: nothing was leased then. To be looked up,
  // and the command given again at once.
  std::map<TrialKey, Computation> look_up = {};
};
enum class Directive { kContinue = 1, kStop = 2, kLost = 3 };  // As in v1.
struct ReportReply {
  struct Result {
    Directive directive = Directive::kContinue;
    uint64_t next_sequence = 0;
    absl::Status status;  // As in v1.TrialReportResult; with kStop CANCELLED, whose message is the reason.
  };
  std::vector<Result> results;  // Parallel to Report::trials.
  bool drain = false;
};
struct RejectReply {
  std::optional<Checkpoint> from;  // Where the attempt goes on instead; nothing: at the start.
};
struct NoReply {};
using Reply = std::variant<NoReply, SweepReply, WorkerReply, LeaseReply, ReportReply, RejectReply>;

}  // namespace basin::server::core
