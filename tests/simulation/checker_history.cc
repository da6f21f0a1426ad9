// What became durable, event by event.

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/work.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

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
  void operator()(const SweepPinned& event) {
    Sweep& sweep = checker_.sweeps_.at(event.id);
    bool compares = false;
    for (const auto& [index, trial] : sweep.trials) {
      compares |= trial.running || trial.state == TrialState::kSucceeded || trial.state == TrialState::kDiverged;
    }
    const bool kept = sweep.pins.engine_fingerprint == event.pins.engine_fingerprint &&
                      std::ranges::all_of(sweep.pins.digests, [&event](const auto& pin) {
                        const auto now = event.pins.digests.find(pin.first);
                        return now != event.pins.digests.end() && now->second == pin.second;
                      });
    Expect(kept || !compares, "pinned anew while it has something to compare: ", event.id);
    sweep.pins = event.pins;
  }
  void operator()(const SweepDeleted& event) {
    Sweep& sweep = checker_.sweeps_.at(event.id);
    Expect(!Live(sweep.state), "a live sweep was deleted: ", event.id);
    for (auto& [index, trial] : sweep.trials) {
      if (trial.running) End({event.id, index}, trial);
    }
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
    trial.objective = event.objective;
    trial.ended_with_weights = trial.has_weights = event.result.weights.has_value();
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
    ExpectCanRun(event, sweep, text);
    ExpectPlace(event.from, trial, text);
    trial.running = true;
    trial.attempt = event.attempt;
    trial.worker = event.worker;
    trial.next_sequence = event.from ? event.from->progress.next_sequence : 0;
    trial.points[event.attempt] = trial.next_sequence;
    checker_.workers_[event.worker].running.insert(event.key);
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
  void operator()(const CheckpointAdded& event) {
    const Checkpoint& checkpoint = event.checkpoint;
    const std::string text = Text(event.key, checkpoint.attempt);
    Trial* trial = Open(event.key, checkpoint.attempt, text);
    if (trial == nullptr) return;
    const uint64_t points = checkpoint.progress.next_sequence;
    Expect(points == trial->next_sequence, "I6: a checkpoint of another place than the trial's: ", text);
    Expect(checkpoint.file.sha256 == CheckpointOf(event.key, checkpoint.attempt, points).sha256,
           "I6: a checkpoint without its points, or of another attempt: ", text);
    trial->checkpoints.push_back(checkpoint);
    if (trial->checkpoints.size() > kCheckpointsKept) trial->checkpoints.erase(trial->checkpoints.begin());
  }
  void operator()(const CheckpointRejected& event) {
    const std::string text = Text(event.key, event.attempt);
    Trial* trial = Open(event.key, event.attempt, text);
    if (trial == nullptr) return;
    Expect(!trial->checkpoints.empty() && trial->checkpoints.back().file.sha256 == event.rejected.file.sha256,
           "I6: rejected another checkpoint than the newest: ", text);
    if (!trial->checkpoints.empty()) trial->checkpoints.pop_back();
    ExpectPlace(event.from, *trial, text);
    trial->next_sequence = event.from ? event.from->progress.next_sequence : 0;
    trial->points[event.attempt] = trial->next_sequence;
  }
  void operator()(const WeightsAdded& event) { Open(event.key, event.attempt, Text(event.key, event.attempt)); }
  void operator()(const WeightsDropped& event) {
    checker_.sweeps_.at(event.key.sweep).trials.at(event.key.index).has_weights = false;
  }
  void operator()(const TrialRequeued& event) {
    const std::string text = Text(event.key, event.attempt);
    Trial* trial = Open(event.key, event.attempt, text);
    if (trial == nullptr) return;
    Expect(event.failures == trial->failures || event.failures == trial->failures + 1, "failures jump: ", text);
    Expect(event.failures < checker_.sweeps_.at(event.key.sweep).definition->max_attempts,
           "I4: queued again with its attempts used up: ", text);
    trial->failures = event.failures;
    End(event.key, *trial);
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
    End(event.key, trial);
    trial.checkpoints.clear();
    trial.ended = true;
    trial.state = event.state;
    trial.objective = event.objective;
    trial.ended_with_weights = trial.has_weights =
        event.state == TrialState::kSucceeded || event.state == TrialState::kDiverged;
  }
  void operator()(const PendingCancelled& event) {
    checker_.sweeps_.at(event.id).never_leased_cancelled += event.count;
  }
  void operator()(const TrialRetried& event) {
    Trial& trial = checker_.sweeps_.at(event.key.sweep).trials.at(event.key.index);
    Expect(trial.ended && trial.state == TrialState::kFailed, "retried, not FAILED: ", Text(event.key, event.attempts));
    Expect(event.attempts == trial.attempt, "I3: a retry changes the attempts: ", Text(event.key, event.attempts));
    trial.ended = false;
    trial.state = TrialState::kPending;
    trial.failures = 0;
    trial.outcome.clear();
  }
  void operator()(const WorkerRegistered& event) { checker_.workers_[event.id].description = event.description; }
  void operator()(const WorkerStateChanged& event) {
    Worker& worker = checker_.workers_[event.id];
    worker.state = event.state;
    if (event.state == WorkerState::kLeft) {
      Expect(worker.running.empty(), "left with a trial that nobody has: ", event.id);
      checker_.workers_.erase(event.id);
    }
  }
  void operator()(const WorkerSetAside&) {}
  void operator()(const Audited&) {}
  void operator()(const WorkerBlamed&) {}
  void operator()(const LeasesRenewed&) {}
  void operator()(const DeadlinesPutOff&) {}
  void operator()(const LeaseAnswered&) {}

 private:
  void Expect(bool holds, const char* rule, const std::string& text) { checker_.Expect(holds, rule + text); }

  // The worker is there, has a free slot, and can run the trial; the sweep has not too many at once.
  void ExpectCanRun(const TrialLeased& event, const Sweep& sweep, const std::string& text) {
    const auto found = checker_.workers_.find(event.worker);
    if (found == checker_.workers_.end()) return Expect(false, "leased to nobody: ", text);
    const Worker& worker = found->second;
    Expect(worker.state == WorkerState::kConnected, "leased to a worker that is to drain, or is lost: ", text);
    const bool limited = sweep.definition->max_parallel != 0 || sweep.definition->trial_time_limit;
    Expect(worker.running.size() < worker.description.slots * (limited ? 1 : 2),
           "leased beyond the worker's slots: ", text);
    Expect(worker.description.engine_fingerprint == sweep.pins.engine_fingerprint,
           "leased to another engine than the sweep's: ", text);
    const std::string dataset = sweep.definition->space->DatasetOf(event.config);
    const auto pinned = sweep.pins.digests.find(dataset);
    const auto had = worker.description.datasets.find(dataset);
    Expect(
        pinned != sweep.pins.digests.end() && had != worker.description.datasets.end() && had->second == pinned->second,
        "leased to a worker without the sweep's data: ", text);
    const auto running = std::ranges::count_if(sweep.trials, [](const auto& trial) { return trial.second.running; });
    Expect(sweep.definition->max_parallel == 0 || running < sweep.definition->max_parallel,
           "more than max_parallel: ", text);
  }

  // An attempt goes on from the newest checkpoint that is left.
  void ExpectPlace(const std::optional<Checkpoint>& from, const Trial& trial, const std::string& text) {
    const std::vector<Checkpoint>& kept = trial.checkpoints;
    Expect(from.has_value() == !kept.empty(), "I6: begins at the start, or at a place that is gone: ", text);
    if (!from || kept.empty()) return;
    Expect(from->file.sha256 == kept.back().file.sha256 && from->attempt == kept.back().attempt &&
               from->progress.next_sequence == kept.back().progress.next_sequence,
           "I6: goes on from another checkpoint than the newest: ", text);
  }

  void End(const TrialKey& key, Trial& trial) {
    trial.running = false;
    if (const auto worker = checker_.workers_.find(trial.worker); worker != checker_.workers_.end()) {
      worker->second.running.erase(key);
    }
  }

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

void Checker::CheckKeptWeights() {
  for (const auto& [id, sweep] : sweeps_) {
    if (sweep.definition->spec.keep().weights() != v1::Keep::WEIGHTS_BEST) continue;
    std::set<std::pair<double, uint64_t>> ranks;
    std::set<uint64_t> with_weights, expected;
    for (const auto& [index, trial] : sweep.trials) {
      if (trial.has_weights) with_weights.insert(index);
      if (trial.objective) ranks.emplace(sweep.definition->maximize ? -*trial.objective : *trial.objective, index);
    }
    constexpr size_t kKept = 10;
    while (ranks.size() > kKept) ranks.erase(std::prev(ranks.end()));
    for (const auto& [value, index] : ranks) {
      if (sweep.trials.at(index).ended_with_weights) expected.insert(index);
    }
    Expect(with_weights == expected,
           absl::StrCat("I9: the weights of others than the best trials stay, or not theirs, of sweep ", id));
  }
}

void Checker::OnCommit(const std::vector<Event>& events) {
  Follower follower(*this);
  for (const Event& event : events) {
    if (violation_) return;
    std::visit(follower, event);
  }
  CheckKeptWeights();
  ++commits_;
}

}  // namespace basin::tests::simulation
