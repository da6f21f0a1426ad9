#include "server/core/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/core/best_trials.h"

namespace basin::server::core {
namespace {

class Checker {
 public:
  explicit Checker(const State& state) : state_(state) {}

  absl::Status Run() {
    for (const auto& [id, sweep] : state_.sweeps()) {
      subject_ = absl::StrCat("sweep ", id);
      Sweep(id, sweep);
      Trials(sweep);
    }
    for (const auto& [id, worker] : state_.workers()) {
      subject_ = absl::StrCat("worker ", id);
      Worker(id, worker);
    }
    subject_ = "deadlines";
    const Deadlines& deadlines = state_.deadlines();
    Expect(deadlines.leases.size() == running_, "one lease for each running trial");
    Expect(deadlines.limits.size() == limited_, "one limit for each running trial that has one");
    Expect(deadlines.silences.size() == present_, "one silence for each present worker");
    Expect(state_.live().size() == live_, "live sweeps are indexed");
    return status_;
  }

 private:
  void Expect(bool holds, const char* what) {
    if (!holds && status_.ok()) status_ = absl::InternalError(absl::StrCat(subject_, ": ", what));
  }

  void Sweep(const SweepId& id, const SweepEntry& sweep) {
    const SweepRecord& record = sweep.record;
    const TrialCounts& counts = record.counts;
    const uint64_t total = record.configs * record.seeds;
    Expect(record.id == id, "is filed under its id");
    Expect(counts.total() == total, "counts sum to the total");
    Expect(counts.running == sweep.running.size(), "counts what runs");
    Expect(sweep.next_index <= total, "next index within the total");
    Expect(counts.pending == sweep.queued.size() + sweep.skipped.size() + (total - sweep.next_index),
           "counts what is pending");
    Expect(sweep.skipped.size() <= state_.settings().look_ahead, "passes over no more than look_ahead");
    Expect(sweep.live() == state_.live().contains(id), "is indexed while live");
    live_ += sweep.live() ? 1 : 0;
    Expect((record.definition != nullptr) == (sweep.live() || !sweep.running.empty()), "has its definition if needed");
    if (sweep.live()) Expect(counts.pending + counts.running > 0, "has ended with its last trial");
    if (record.state == SweepState::kFinished || record.state == SweepState::kCancelled) {
      Expect(counts.pending + counts.running == 0, "has nothing left when ended");
    }
    Expect(record.best.empty() == (counts.succeeded == 0), "has a best trial once one succeeded");
    Expect(record.best.size() <= std::min<uint64_t>(counts.succeeded, kBestTrials),
           "has no more best trials than it may");
    if (!record.request_id.empty()) {
      Expect(state_.FindRequest(record.request_id) == &sweep, "is found by its request id");
    }
  }

  void Trials(const SweepEntry& sweep) {
    const uint32_t max_attempts = sweep.record.definition ? sweep.record.definition->max_attempts : UINT32_MAX;
    for (const uint64_t index : sweep.skipped) {
      Expect(index < sweep.next_index, "passed over below the next index");
      Expect(!sweep.queued.contains(index) && !sweep.running.contains(index),
             "passed over, neither queued nor running");
    }
    for (const auto& [index, trial] : sweep.queued) {
      Expect(index < sweep.next_index, "queued below the next index");
      Expect(!sweep.running.contains(index), "queued, not running");
      Expect(trial.failures < max_attempts, "queued with an attempt left");
      Expect(trial.failures <= trial.attempts, "no more failures than attempts");
      Checkpoints(trial.checkpoints, trial.attempts);
    }
    for (const auto& [index, trial] : sweep.running) Running(sweep, index, trial);
    if (sweep.record.definition && sweep.record.definition->max_parallel != 0) {
      Expect(sweep.running.size() <= sweep.record.definition->max_parallel, "max_parallel");
    }
  }

  void Checkpoints(const std::vector<Checkpoint>& checkpoints, uint32_t attempt) {
    Expect(checkpoints.size() <= kCheckpointsKept, "keeps no more checkpoints than it may");
    for (size_t i = 0; i < checkpoints.size(); ++i) {
      Expect(checkpoints[i].attempt <= attempt, "has checkpoints of attempts that began");
      if (i == 0) continue;
      Expect(checkpoints[i - 1].attempt <= checkpoints[i].attempt, "has its checkpoints in order");
      Expect(checkpoints[i - 1].progress.next_sequence <= checkpoints[i].progress.next_sequence,
             "has told no less at its later checkpoint");
    }
  }

  void Running(const SweepEntry& sweep, uint64_t index, const RunningTrial& trial) {
    const TrialKey key{sweep.record.id, index};
    const SweepDefinition& definition = *sweep.record.definition;
    ++running_;
    Expect(index < sweep.next_index, "running below the next index");
    Expect(trial.attempt >= 1 && trial.failures < trial.attempt, "failures are earlier attempts");
    Expect(trial.failures < definition.max_attempts, "runs with an attempt left");
    Expect(trial.config == definition.ConfigOf(index), "runs its config");
    Checkpoints(trial.checkpoints, trial.attempt);
    for (const Checkpoint& checkpoint : trial.checkpoints) {
      Expect(checkpoint.progress.next_sequence <= trial.next_sequence, "has told what was told at its checkpoint");
    }
    Expect(state_.deadlines().leases.contains({trial.lease_until, key}), "its lease ends");
    Expect(trial.limit_end.has_value() == definition.trial_time_limit.has_value(), "has an end if it has a limit");
    if (trial.limit_end) {
      ++limited_;
      Expect(state_.deadlines().limits.contains({*trial.limit_end, key}), "its time ends");
    }
    if (const WorkerEntry* worker = state_.FindWorker(trial.worker)) {
      Expect(worker->running.contains(key), "its worker knows");
    }
  }

  void Worker(const WorkerId& id, const WorkerEntry& worker) {
    Expect(worker.record.id == id, "is filed under its id");
    const size_t slots = worker.record.description.slots;
    Expect(worker.running.size() <= 2 * slots, "holds no more than its slots and as many ahead");
    for (const TrialKey& key : worker.blame.trials) {
      const FailedOn* failed = FailuresOf(key);
      Expect(failed == nullptr || !failed->several, "is not blamed for a trial that failed elsewhere too");
    }
    for (const TrialKey& key : worker.running) {
      const RunningTrial* trial = state_.FindRunning(key);
      Expect(trial != nullptr && trial->worker == id, "runs what it is thought to run");
    }
    const bool present =
        worker.record.state == WorkerState::kConnected || worker.record.state == WorkerState::kDraining;
    present_ += present ? 1 : 0;
    Expect(present || worker.running.empty(), "runs nothing when gone");
    Expect(state_.deadlines().silences.contains({worker.last_heard + state_.settings().lease, id}) == present,
           "its silence ends while present");
  }

  // Null if the trial has no open attempt and waits for none.
  const FailedOn* FailuresOf(const TrialKey& key) const {
    if (const RunningTrial* running = state_.FindRunning(key)) return &running->failed_on;
    const SweepEntry* sweep = state_.FindSweep(key.sweep);
    if (sweep == nullptr) return nullptr;
    const auto queued = sweep->queued.find(key.index);
    return queued == sweep->queued.end() ? nullptr : &queued->second.failed_on;
  }

  const State& state_;
  std::string subject_;
  absl::Status status_;
  uint64_t running_ = 0, limited_ = 0, live_ = 0, present_ = 0;
};

}  // namespace

absl::Status CheckInvariants(const State& state) { return Checker(state).Run(); }

}  // namespace basin::server::core
