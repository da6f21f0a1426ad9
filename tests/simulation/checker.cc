#include "tests/simulation/checker.h"

#include <cmath>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/simulation/work.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

namespace {

bool Live(SweepState state) { return state == SweepState::kRunning || state == SweepState::kPaused; }

}  // namespace

// Follows the durable events. It shares no code with the core, and believes none of it.
class Checker::Follower {
 public:
  explicit Follower(Checker& checker) : checker_(checker) {}

  void operator()(const SweepCreated& event) {
    Expect(!checker_.sweeps_.contains(event.id), "I2: sweep created twice: ", event.id);
    checker_.sweeps_[event.id].definition = event.definition;
  }
  void operator()(const SweepStateChanged& event) {
    Sweep& sweep = checker_.sweeps_.at(event.id);
    sweep.state = event.state;
    if (event.state != SweepState::kFinished) return;
    Expect(sweep.trials.size() == sweep.definition->trials(), "I7: sweep finished before its last trial: ", event.id);
    for (const auto& [index, trial] : sweep.trials) {
      Expect(trial.ended, "I7: sweep finished while a trial had not ended: ", event.id);
    }
  }
  void operator()(const SweepPinned&) {}
  void operator()(const SweepDeleted& event) {
    Expect(!Live(checker_.sweeps_.at(event.id).state), "a live sweep was deleted: ", event.id);
    checker_.sweeps_.erase(event.id);
    checker_.deleted_.insert(event.id);
  }
  void operator()(const TrialReused& event) {
    const std::string text = ToText(event.key);
    Sweep& sweep = checker_.sweeps_.at(event.key.sweep);
    Expect(sweep.definition->spec.reuse(), "a result was taken over by a sweep that asked for none: ", text);
    Expect(sweep.state == SweepState::kRunning, "a result was taken over by a sweep that does not run: ", text);
    Expect(!sweep.trials.contains(event.key.index), "I2: a result was taken over by a trial that has begun: ", text);
    const auto computed = checker_.computed_.find(event.result.trial);
    Expect(computed != checker_.computed_.end() && computed->second == ComputedBy(event.key, event.result.outcome),
           "I2: a result was taken over that is of another computation: ", text);
    Trial& trial = sweep.trials[event.key.index];
    trial.ended = trial.reused = true;
    trial.state = event.state;
    ++checker_.reused_;
  }
  void operator()(const TrialLeased& event) {
    const std::string text = Text(event.key, event.attempt);
    Sweep& sweep = checker_.sweeps_.at(event.key.sweep);
    Expect(sweep.state == SweepState::kRunning, "leased of a sweep that does not run: ", text);
    Expect(event.key.index < sweep.definition->trials(), "I7: leased beyond the sweep's trials: ", text);
    Trial& trial = sweep.trials[event.key.index];
    Expect(!trial.ended, "I2: leased after its end: ", text);
    Expect(!trial.running, "I3: leased while another attempt is open: ", text);
    Expect(event.attempt == trial.attempt + 1, "I3: attempts do not go up by one: ", text);
    Expect(event.failures == trial.failures, "failures of a new attempt: ", text);
    trial.running = true;
    trial.attempt = event.attempt;
    trial.worker = event.worker;
    trial.next_sequence = 0;
    ++checker_.attempts_;
  }
  void operator()(const PointsAppended& event) {
    const std::string text = Text(event.key, event.attempt);
    Trial* trial = Open(event.key, event.attempt, text);
    if (trial == nullptr) return;
    Expect(event.first_sequence == trial->next_sequence, "I5: points that do not follow: ", text);
    for (const Point& point : event.points) {
      const Point expected = PointOf(event.key, event.attempt, trial->next_sequence++);
      Expect(point.name == expected.name && point.value == expected.value && point.examples == expected.examples,
             "I5: a point of another attempt or place: ", text);
    }
    trial->points[event.attempt] = trial->next_sequence;
  }
  void operator()(const CheckpointAdded&) {}
  void operator()(const CheckpointRejected&) {}
  void operator()(const WeightsAdded& event) { Open(event.key, event.attempt, Text(event.key, event.attempt)); }
  void operator()(const TrialRequeued& event) {
    const std::string text = Text(event.key, event.attempt);
    Trial* trial = Open(event.key, event.attempt, text);
    if (trial == nullptr) return;
    Expect(event.failures == trial->failures || event.failures == trial->failures + 1, "failures jump: ", text);
    Expect(event.failures < checker_.sweeps_.at(event.key.sweep).definition->max_attempts,
           "I4: queued again with its attempts used up: ", text);
    trial->failures = event.failures;
    trial->running = false;
    ++checker_.requeued_;
  }
  void operator()(const TrialFinished& event) {
    const std::string text = Text(event.key, event.attempt);
    Sweep& sweep = checker_.sweeps_.at(event.key.sweep);
    Trial& trial = sweep.trials[event.key.index];
    Expect(!trial.ended, "I2: a second end: ", text);
    if (event.state == TrialState::kCancelled) {
      Expect(event.attempt == (trial.running ? trial.attempt : 0), "I3: cancelled another attempt: ", text);
    } else {
      Open(event.key, event.attempt, text);
      ++checker_.results_;
    }
    if (event.outcome) {
      Expect(event.outcome->weights_digest == absl::StrCat(text, "@", trial.worker),
             "I3: the outcome of another attempt was accepted: ", text);
      trial.outcome = event.outcome->Identity();
      if (event.state == TrialState::kSucceeded || event.state == TrialState::kDiverged) {
        checker_.computed_[ToText(event.key)] = ComputedBy(event.key, *event.outcome);
      }
    }
    const bool infrastructure = !event.outcome || event.outcome->kind == OutcomeKind::kError;
    if (event.state == TrialState::kFailed && infrastructure) {
      Expect(trial.failures + 1 == sweep.definition->max_attempts, "I4: FAILED with attempts left: ", text);
    }
    if (event.state == TrialState::kSucceeded) {
      Expect(event.objective && std::isfinite(*event.objective), "succeeded without an objective: ", text);
      Expect(event.next_sequence == trial.next_sequence, "I5: succeeded without its last points: ", text);
    }
    trial.running = false;
    trial.ended = true;
    trial.state = event.state;
  }
  void operator()(const PendingCancelled& event) {
    checker_.sweeps_.at(event.id).never_leased_cancelled += event.count;
  }
  void operator()(const TrialRetried& event) {
    Trial& trial = checker_.sweeps_.at(event.key.sweep).trials.at(event.key.index);
    Expect(trial.ended && trial.state == TrialState::kFailed, "retried, not FAILED: ", Text(event.key, event.attempts));
    Expect(event.attempts == trial.attempt, "I3: a retry changes the attempts: ", Text(event.key, event.attempts));
    trial.ended = false;
    trial.failures = 0;
    trial.outcome.clear();
  }
  void operator()(const WorkerRegistered&) {}
  void operator()(const WorkerStateChanged&) {}
  void operator()(const WorkerSetAside&) {}
  void operator()(const Audited&) {}
  void operator()(const WorkerBlamed&) {}
  void operator()(const LeasesRenewed&) {}
  void operator()(const LeaseAnswered&) {}

 private:
  void Expect(bool holds, const char* rule, const std::string& text) { checker_.Expect(holds, rule + text); }

  std::string ComputedBy(const TrialKey& key, const Outcome& outcome) const {
    const SweepDefinition& sweep = *checker_.sweeps_.at(key.sweep).definition;
    const uint64_t config = sweep.ConfigOf(key.index);
    return absl::StrCat("config ", config, " on ", sweep.space->DatasetOf(config), " with seed ",
                        contract::SeedAt(sweep.spec.seeds(), sweep.SeedPositionOf(key.index)), ": ",
                        outcome.Identity());
  }

  // The trial, if this is its open attempt, as it must be.
  Trial* Open(const TrialKey& key, uint32_t attempt, const std::string& text) {
    Trial& trial = checker_.sweeps_.at(key.sweep).trials[key.index];
    Expect(trial.running && trial.attempt == attempt, "I3: an attempt that is not open changed its trial: ", text);
    return trial.running && trial.attempt == attempt ? &trial : nullptr;
  }

  Checker& checker_;
};

void Checker::OnCommit(const std::vector<Event>& events) {
  Follower follower(*this);
  for (const Event& event : events) {
    if (violation_) return;
    std::visit(follower, event);
  }
  ++commits_;
}

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

void Checker::OnLeased(const WorkerId&, const TrialKey& key, uint32_t attempt) {
  if (deleted_.contains(key.sweep)) return;
  const Trial* trial = Find(key);
  Expect(trial != nullptr && trial->attempt >= attempt,
         absl::StrCat("I3: leased before it was durable: ", Text(key, attempt)));
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
