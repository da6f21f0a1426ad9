// The state in memory, and what callers were told.

#include "tests/simulation/checker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/simulation/timing.h"
#include "tests/simulation/work.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

void Checker::OnState(const State& state) {
  Expect(state.sweeps().size() == sweeps_.size(), "I1: the state has other sweeps than the disk");
  for (const auto& [id, sweep] : sweeps_) {
    const SweepEntry* entry = state.FindSweep(id);
    if (entry == nullptr) return Fail(absl::StrCat("I1: the state lacks sweep ", id));
    TrialCounts counts;
    for (const auto& [index, trial] : sweep.trials) {
      if (trial.running) {
        const auto running = entry->running.find(index);
        Expect(running != entry->running.end() && running->second.attempt == trial.attempt &&
                   running->second.next_sequence == trial.next_sequence,
               absl::StrCat("I1: the state has another open attempt than ", Text({id, index}, trial.attempt)));
        ++counts.running;
      } else if (trial.ended) {
        counts.reused += trial.reused ? 1 : 0;
        counts.succeeded += trial.state == TrialState::kSucceeded ? 1 : 0;
        counts.diverged += trial.state == TrialState::kDiverged ? 1 : 0;
        counts.failed += trial.state == TrialState::kFailed ? 1 : 0;
        counts.cancelled += trial.state == TrialState::kCancelled ? 1 : 0;
      }
    }
    counts.cancelled += sweep.never_leased_cancelled;
    counts.pending = sweep.definition->trials() - counts.total();
    Expect(entry->record.counts == counts, absl::StrCat("I1: the state has other counts than the disk of sweep ", id));
    Expect(entry->record.state == sweep.state, absl::StrCat("I1: the state of sweep ", id, " is not that of the disk"));
  }
}

const Checker::Trial* Checker::Find(const TrialKey& key) const {
  const auto sweep = sweeps_.find(key.sweep);
  if (sweep == sweeps_.end()) return nullptr;
  const auto trial = sweep->second.trials.find(key.index);
  return trial == sweep->second.trials.end() ? nullptr : &trial->second;
}

void Checker::OnLeased(const WorkerId& worker, const TrialKey& key, uint32_t attempt) {
  if (deleted_.contains(key.sweep)) return;
  const Trial* trial = Find(key);
  Expect(trial != nullptr && trial->attempt >= attempt,
         absl::StrCat("I3: leased before it was durable: ", Text(key, attempt)));
  if (trial == nullptr || trial->attempt != attempt) return;
  Expect(trial->worker == worker, absl::StrCat("I3: leased to a second worker: ", Text(key, attempt)));
}

void Checker::OnExpired(const TrialKey& key, MonoTime awake) {
  const auto sweep = sweeps_.find(key.sweep);
  // An attempt with a time limit may end by that.
  if (sweep == sweeps_.end() || sweep->second.definition->trial_time_limit) return;
  const MonoTime silence = awake - std::max(heard_[key], restored_);
  Expect(silence >= kLease, absl::StrCat("I8: the lease of ", key.sweep, "/", key.index, " ended after a silence of ",
                                         std::chrono::duration<double>(silence).count(), " s"));
}

void Checker::OnCheckpointAccepted(const TrialKey& key, uint32_t attempt, uint64_t points) {
  if (deleted_.contains(key.sweep)) return;
  const Trial* trial = Find(key);
  const bool durable = trial != nullptr && trial->points.contains(attempt) &&
                       (trial->attempt > attempt || trial->points.at(attempt) >= points);
  Expect(durable, absl::StrCat("I1: a checkpoint acknowledged that is not durable: ", Text(key, attempt)));
}

void Checker::OnOutcomeRefused(const TrialKey& key, uint32_t attempt, const Outcome& outcome) {
  const Trial* trial = Find(key);
  if (trial == nullptr || !trial->ended || trial->attempt != attempt) return;
  Expect(trial->outcome.empty() || trial->outcome != outcome.Identity(),
         absl::StrCat("I2: the accepted outcome was refused when it was repeated: ", Text(key, attempt)));
}

void Checker::OnPointsAccepted(const TrialKey& key, uint32_t attempt, uint64_t next_sequence) {
  if (deleted_.contains(key.sweep)) return;
  const Trial* trial = Find(key);
  uint64_t durable = 0;
  if (trial != nullptr && trial->points.contains(attempt)) durable = trial->points.at(attempt);
  Expect(next_sequence <= durable, absl::StrCat("I1: points acknowledged that are not durable: ", Text(key, attempt)));
}

void Checker::OnOutcomeAccepted(const TrialKey& key, uint32_t attempt, const Outcome& outcome) {
  if (deleted_.contains(key.sweep)) return;
  const Trial* trial = Find(key);
  if (trial == nullptr) return Fail(absl::StrCat("I1: an unknown trial was acknowledged: ", Text(key, attempt)));
  const bool accepted = trial->attempt >= attempt && !(trial->running && trial->attempt == attempt);
  Expect(accepted, absl::StrCat("I1: an outcome acknowledged that is not durable: ", Text(key, attempt)));
  if (outcome.kind == OutcomeKind::kSucceeded || outcome.kind == OutcomeKind::kDiverged) {
    Expect(trial->ended && trial->outcome == outcome.Identity(),
           absl::StrCat("I2: a result acknowledged that is not the accepted one: ", Text(key, attempt)));
  }
}

void Checker::OnCreated(const std::string& request_id, const SweepId& id) {
  Expect(sweeps_.contains(id) || deleted_.contains(id), absl::StrCat("I1: a created sweep is not durable: ", id));
  const auto [known, fresh] = requests_.emplace(request_id, id);
  Expect(fresh || known->second == id || deleted_.contains(known->second),
         absl::StrCat("I2: one request made two sweeps: ", request_id));
}

void Checker::OnCancelled(const SweepId& id) {
  const auto sweep = sweeps_.find(id);
  if (sweep == sweeps_.end()) return;
  Expect(sweep->second.state == SweepState::kCancelled, absl::StrCat("I1: a cancel is not durable: ", id));
}

std::string Checker::Unfinished() const {
  for (const auto& [id, sweep] : sweeps_) {
    for (const auto& [index, trial] : sweep.trials) {
      if (trial.running) return absl::StrCat("trial ", Text({id, index}, trial.attempt), " runs");
    }
    if (Live(sweep.state)) return absl::StrCat("sweep ", id, " has not ended");
  }
  return "";
}

void Checker::CheckTotals() {
  for (const auto& [id, sweep] : sweeps_) {
    uint64_t ended = sweep.never_leased_cancelled;
    for (const auto& [index, trial] : sweep.trials) ended += trial.ended ? 1 : 0;
    if (sweep.state == SweepState::kFailed) continue;
    Expect(ended == sweep.definition->trials(),
           absl::StrCat("I7: sweep ", id, " ended with ", ended, " of ", sweep.definition->trials(), " trials"));
  }
}

}  // namespace basin::tests::simulation
