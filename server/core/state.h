#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/core/event.h"
#include "server/core/model.h"
#include "server/core/snapshot.h"

namespace basin::server::core {

struct Settings {
  MonoTime lease = std::chrono::seconds(30);
  // How far past a trial that its worker can't run the scheduler looks for one that it can; so many trials of a sweep
  // at most are ever passed over.
  uint64_t look_ahead = 1024;
  // Sweeps, ended ones included, that one owner may have; 0: no limit. Of sweeps without an owner there is none.
  uint64_t max_sweeps_an_owner = 0;
};

// A trial with an open attempt.
struct RunningTrial : Progress {
  uint32_t attempt = 0;
  uint32_t failures = 0;
  uint64_t config = 0;
  uint64_t seed = 0;
  WorkerId worker;
  MonoTime started{};  // After a restart: that of the restart.
  MonoTime lease_until{};
  std::optional<MonoTime> limit_end;    // Of the time that the attempt may take, if there is one.
  std::vector<Checkpoint> checkpoints;  // The oldest first; at most kCheckpointsKept.
  FailedOn failed_on;                   // Earlier attempts.

  // Where this attempt goes on, as long as that is kept.
  const Checkpoint* from() const {
    const Checkpoint* from = nullptr;
    for (const Checkpoint& checkpoint : checkpoints) {
      if (checkpoint.attempt < attempt) from = &checkpoint;
    }
    return from;
  }
};

struct SweepEntry {
  SweepRecord record;
  uint64_t revision = 0;
  uint64_t last_served = 0;                  // Grows with each lease in the server: who waits longest is served first.
  uint64_t next_index = 0;                   // Lowest index above all leased ones.
  std::set<uint64_t> skipped;                // Indices below next_index that were never leased.
  std::map<uint64_t, QueuedTrial> queued;    // Waiting to be leased again, by index.
  std::map<uint64_t, RunningTrial> running;  // By index.
  bool live() const { return record.state == SweepState::kRunning || record.state == SweepState::kPaused; }
};

struct WorkerEntry {
  WorkerRecord record;
  MonoTime last_heard{};
  bool draining = false;  // Was asked to drain; outlives a silence, not a restart.
  std::set<TrialKey> running;
  Blame blame;
  std::string last_lease_request;
  std::vector<TrialKey> last_lease_answer;
};

template <typename Key>
using ByTime = std::set<std::pair<MonoTime, Key>>;
// What ends by itself, the earliest first.
struct Deadlines {
  ByTime<TrialKey> leases;    // By RunningTrial::lease_until.
  ByTime<TrialKey> limits;    // By RunningTrial::limit_end.
  ByTime<WorkerId> silences;  // Of workers that are CONNECTED or DRAINING: a lease after last_heard.
};

// The scheduler's memory. Grows with what runs and with the number of sweeps, not with the number of trials. Changed by
// Apply alone, which can't fail. One thread owns it.
class State {
 public:
  explicit State(Settings settings) : settings_(settings) {}

  // The state after a restart: every open lease gets one fresh term from `now`, every worker counts as heard of at
  // `now`, and the time limit of an attempt begins anew.
  static State Restore(Settings settings, Snapshot snapshot, Now now);

  // REQUIRES: `event` came from Decide on this state (or from the store's log in the same order).
  void Apply(const Event& event);

  const Settings& settings() const { return settings_; }
  const std::map<SweepId, SweepEntry>& sweeps() const { return sweeps_; }
  const std::map<WorkerId, WorkerEntry>& workers() const { return workers_; }
  // Ids of the sweeps that are RUNNING or PAUSED.
  const std::set<SweepId>& live() const { return live_; }
  // Trials that ended since the last ForgetFinished.
  const std::map<TrialKey, FinishedTrial>& finished() const { return finished_; }
  const Deadlines& deadlines() const { return deadlines_; }
  const SweepEntry* FindSweep(const SweepId& id) const;
  const WorkerEntry* FindWorker(const WorkerId& id) const;
  const RunningTrial* FindRunning(const TrialKey& key) const;
  // The sweep created under a request id in this run of the server.
  const SweepEntry* FindRequest(const std::string& request_id) const;
  // A trial that ended since the last ForgetFinished. The store may not have it yet.
  const FinishedTrial* FindFinished(const TrialKey& key) const;
  // Call after each commit: from then on the store knows.
  void ForgetFinished();

  // Why no pending trial of a RUNNING sweep is leased although workers have free slots or none is connected, and what
  // to do about it, for users; empty when nothing is wrong. Names the data set, and how to get it.
  // Costs next to nothing while a trial of the sweep runs.
  std::string WaitingReason(const SweepId& id) const;

  // When ExpireLeases next has something to do; nothing if never.
  std::optional<MonoTime> NextDeadline() const;

 private:
  class Applier;

  Settings settings_;
  std::map<SweepId, SweepEntry> sweeps_;
  std::map<WorkerId, WorkerEntry> workers_;
  std::map<std::string, SweepId> requests_;
  std::map<TrialKey, FinishedTrial> finished_;
  std::set<SweepId> live_;
  Deadlines deadlines_;
  uint64_t revision_ = 0;
};

}  // namespace basin::server::core
