#include "server/store/memory_store.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "server/core/best_trials.h"
#include "server/core/progress.h"

namespace basin::server::store {
namespace {

using core::TrialState;

bool Live(core::SweepState state) { return state == core::SweepState::kRunning || state == core::SweepState::kPaused; }

}  // namespace

class MemoryStore::Applier {
 public:
  explicit Applier(MemoryStore& store) : store_(store) {}

  void operator()(const core::SweepCreated& event) {
    Sweep& sweep = store_.sweeps_[event.id];
    sweep.record.id = event.id;
    sweep.record.name = event.definition->spec.name();
    sweep.record.definition = event.definition;
    sweep.record.request_id = event.request_id;
    sweep.record.spec_digest = event.spec_digest;
    sweep.record.owner = event.owner;
    sweep.record.verifies = event.verifies;
    sweep.record.priority = event.definition->spec.priority();
    sweep.record.configs = event.definition->configs;
    sweep.record.seeds = event.definition->seeds;
    sweep.record.maximize = event.definition->maximize;
    sweep.record.counts.pending = event.definition->trials();
    sweep.record.created_at = event.at;
    store_.order_.push_back(event.id);
  }
  void operator()(const core::SweepStateChanged& event) {
    core::SweepRecord& record = Find(event.id).record;
    record.state = event.state;
    record.message = event.message;
    record.ended_at = Live(event.state) ? std::nullopt : std::optional(event.at);
  }
  void operator()(const core::SweepPinned& event) { Find(event.id).record.pins = event.pins; }
  void operator()(const core::SweepDeleted& event) {
    store_.sweeps_.erase(event.id);
    std::erase(store_.order_, event.id);
  }
  void operator()(const core::TrialReused& event) {
    Sweep& sweep = Find(event.key.sweep);
    TakeFirst(sweep, event.key.index);
    if (!event.workload_digest.empty()) sweep.digests[event.config] = event.workload_digest;
    Trial& trial = sweep.trials[event.key.index];
    trial.last.key = event.key;
    Move(sweep, trial, event.state);
    ++sweep.record.counts.reused;
    if (!sweep.record.started_at) sweep.record.started_at = event.at;
    trial.end = {event.state, 0, event.result.outcome.Identity(), 0};
    trial.result = event.result;
    trial.result->objective = event.objective;
    if (event.state == TrialState::kSucceeded) CompareWithBest(sweep.record, event.key.index, event.objective);
  }
  void operator()(const core::TrialLeased& event) {
    Sweep& sweep = Find(event.key.sweep);
    TakeFirst(sweep, event.key.index);
    if (!event.workload_digest.empty()) sweep.digests[event.config] = event.workload_digest;
    Trial& trial = sweep.trials[event.key.index];
    std::vector<core::Checkpoint> checkpoints = std::move(trial.last.checkpoints);
    trial.last = {};
    if (event.from) {
      trial.last.checkpoints = std::move(checkpoints);
      static_cast<core::Progress&>(trial.last) = event.from->progress;
    }
    trial.last.key = event.key;
    trial.last.attempt = event.attempt;
    trial.last.failures = event.failures;
    trial.last.worker = event.worker;
    trial.last.started_at = event.at;
    if (!sweep.record.started_at) sweep.record.started_at = event.at;
    Move(sweep, trial, TrialState::kRunning);
  }
  void operator()(const core::PointsAppended& event) {
    Sweep& sweep = Find(event.key.sweep);
    const core::SweepDefinition& definition = *sweep.record.definition;
    core::OpenTrial& open = sweep.trials.at(event.key.index).last;
    uint64_t sequence = event.first_sequence;
    for (const core::Point& point : event.points) {
      if (sequence++ < open.next_sequence) continue;
      core::AddPoint(definition, point, &open);
    }
  }
  void operator()(const core::CheckpointAdded& event) {
    std::vector<core::Checkpoint>& checkpoints = Last(event.key).checkpoints;
    checkpoints.push_back(event.checkpoint);
    if (checkpoints.size() > core::kCheckpointsKept) checkpoints.erase(checkpoints.begin());
  }
  void operator()(const core::CheckpointRejected& event) {
    core::OpenTrial& open = Last(event.key);
    std::erase_if(open.checkpoints, [&](const core::Checkpoint& checkpoint) {
      return checkpoint.file.sha256 == event.rejected.file.sha256;
    });
    static_cast<core::Progress&>(open) = event.from ? event.from->progress : core::Progress{};
  }
  // No snapshot has them.
  void operator()(const core::WeightsAdded& event) { Find(event.key).weights = event.file; }
  void operator()(const core::WeightsDropped& event) {
    std::optional<core::KnownResult>& result = Find(event.key).result;
    if (result) result->weights.reset();
  }
  void operator()(const core::TrialRequeued& event) {
    Sweep& sweep = Find(event.key.sweep);
    Trial& trial = sweep.trials.at(event.key.index);
    trial.last.failures = event.failures;
    trial.weights.reset();
    Move(sweep, trial, TrialState::kPending);
  }
  void operator()(const core::TrialFinished& event) {
    Sweep& sweep = Find(event.key.sweep);
    Trial& trial = sweep.trials.at(event.key.index);
    Move(sweep, trial, event.state);
    trial.last.checkpoints.clear();
    trial.end = {event.state, event.attempt, event.outcome ? event.outcome->Identity() : "", event.next_sequence};
    const auto worker = store_.workers_.find(event.worker);
    if (event.outcome && worker != store_.workers_.end()) ++worker->second.trials_finished;
    const bool is_result = event.state == TrialState::kSucceeded || event.state == TrialState::kDiverged;
    if (is_result && event.outcome) {
      core::KnownResult& result = trial.result.emplace();
      result.trial = core::ToText(event.key);
      result.metrics = event.metrics;
      result.objective = event.objective;
      result.outcome = *event.outcome;
      result.weights = trial.weights;
    }
    if (event.state == TrialState::kSucceeded) CompareWithBest(sweep.record, event.key.index, event.objective);
  }
  static void CompareWithBest(core::SweepRecord& record, uint64_t index, const std::optional<double>& objective) {
    if (!objective) return;
    record.best.push_back({index, *objective});
    std::ranges::sort(record.best, {}, [&record](const core::RankedTrial& trial) {
      return std::pair(record.maximize ? -trial.objective : trial.objective, trial.index);
    });
    if (record.best.size() > core::kBestTrials) record.best.pop_back();
  }
  void operator()(const core::PendingCancelled& event) {
    Sweep& sweep = Find(event.id);
    sweep.record.counts.pending -= event.count;
    sweep.record.counts.cancelled += event.count;
    sweep.skipped.clear();
    sweep.next_index = sweep.record.counts.total();
  }
  void operator()(const core::TrialRetried& event) {
    Sweep& sweep = Find(event.key.sweep);
    Trial& trial = sweep.trials.at(event.key.index);
    trial.last.attempt = event.attempts;
    trial.last.failures = 0;
    Move(sweep, trial, TrialState::kPending);
  }
  void operator()(const core::WorkerRegistered& event) {
    store_.workers_[event.id] = {event.id, event.description, core::WorkerState::kConnected, event.at, 0};
  }
  void operator()(const core::WorkerStateChanged& event) {
    if (event.state == core::WorkerState::kLeft) {
      store_.workers_.erase(event.id);
    } else {
      store_.workers_.at(event.id).state = event.state;
    }
  }
  void operator()(const core::WorkerSetAside&) {}
  void operator()(const core::Audited&) {}
  void operator()(const core::WorkerBlamed&) {}
  void operator()(const core::LeasesRenewed&) {}
  void operator()(const core::DeadlinesPutOff&) {}
  void operator()(const core::LeaseAnswered&) {}

 private:
  Sweep& Find(const core::SweepId& id) { return store_.sweeps_.at(id); }
  Trial& Find(const core::TrialKey& key) { return Find(key.sweep).trials.at(key.index); }
  core::OpenTrial& Last(const core::TrialKey& key) { return Find(key).last; }

  static void TakeFirst(Sweep& sweep, uint64_t index) {
    for (; sweep.next_index <= index; ++sweep.next_index) sweep.skipped.insert(sweep.next_index);
    sweep.skipped.erase(index);
  }

  static void Move(Sweep& sweep, Trial& trial, TrialState to) {
    --sweep.record.counts.Of(trial.state);
    ++sweep.record.counts.Of(to);
    trial.state = to;
  }

  MemoryStore& store_;
};

absl::Status MemoryStore::Commit(std::span<const core::Event> events) {
  if (next_error_) return *std::exchange(next_error_, std::nullopt);
  for (const core::Event& event : events) std::visit(Applier(*this), event);
  if (!events.empty()) ++commits_;
  return absl::OkStatus();
}

absl::StatusOr<core::Snapshot> MemoryStore::Load() {
  core::Snapshot snapshot;
  for (const core::SweepId& id : order_) {
    const Sweep& sweep = sweeps_.at(id);
    core::SweepRecord& record = snapshot.sweeps.emplace_back(sweep.record);
    if (!Live(record.state) && record.counts.running == 0) record.definition.reset();
    if (record.counts.pending > 0) snapshot.next_index[id] = sweep.next_index;
    if (!sweep.skipped.empty()) snapshot.skipped[id].assign(sweep.skipped.begin(), sweep.skipped.end());
    for (const auto& [index, trial] : sweep.trials) {
      if (trial.state == TrialState::kRunning) snapshot.open.push_back(trial.last);
      if (trial.state == TrialState::kPending) {
        snapshot.queued.push_back({trial.last.key, trial.last.attempt, trial.last.failures, trial.last.checkpoints});
      }
    }
  }
  for (const auto& [id, worker] : workers_) snapshot.workers.push_back(worker);
  return snapshot;
}

absl::StatusOr<core::FinishedTrial> MemoryStore::FindFinished(const core::TrialKey& key) {
  const auto sweep = sweeps_.find(key.sweep);
  if (sweep != sweeps_.end()) {
    const auto trial = sweep->second.trials.find(key.index);
    if (trial != sweep->second.trials.end() && trial->second.state > TrialState::kRunning) return trial->second.end;
  }
  return absl::NotFoundError(absl::StrCat("trial ", key.sweep, "/", key.index, " has not ended"));
}

absl::StatusOr<core::CreateSweep::Stored> MemoryStore::FindRequest(const std::string& request_id) {
  for (const auto& [id, sweep] : sweeps_) {
    if (!request_id.empty() && sweep.record.request_id == request_id) {
      return core::CreateSweep::Stored{id, sweep.record.spec_digest};
    }
  }
  return absl::NotFoundError(absl::StrCat("no sweep was created by request ", request_id));
}

absl::StatusOr<std::vector<core::RetrySweep::Failed>> MemoryStore::FailedTrials(const core::SweepId& id) {
  std::vector<core::RetrySweep::Failed> failed;
  const auto sweep = sweeps_.find(id);
  if (sweep == sweeps_.end()) return failed;
  for (const auto& [index, trial] : sweep->second.trials) {
    if (trial.state == TrialState::kFailed) failed.push_back({index, trial.last.attempt});
  }
  return failed;
}

absl::StatusOr<core::KnownResult> MemoryStore::FindResult(const core::Computation& computation) {
  for (const core::SweepId& id : order_) {
    const Sweep& sweep = sweeps_.at(id);
    const core::SweepDefinition& definition = *sweep.record.definition;
    const core::SweepPins& pins = sweep.record.pins;
    if (pins.engine_fingerprint != computation.engine_fingerprint) continue;
    const auto pin = pins.digests.find(computation.dataset);
    const bool has_data = pin != pins.digests.end() && pin->second == computation.data_digest;
    if (!computation.dataset.empty() && !has_data) continue;
    for (const auto& [index, trial] : sweep.trials) {
      const uint64_t seed = contract::SeedAt(definition.spec.seeds(), definition.SeedPositionOf(index));
      if (!trial.result || seed != computation.seed) continue;
      const auto digest = sweep.digests.find(definition.ConfigOf(index));
      if (digest == sweep.digests.end() || digest->second != computation.workload_digest) continue;
      core::KnownResult result = *trial.result;
      result.objective_metric = definition.objective_metric;
      result.maximize = definition.maximize;
      result.objective_at_best = definition.objective_at_best;
      return result;
    }
  }
  return absl::NotFoundError("no trial has this result");
}

absl::StatusOr<v1::SweepSpec> MemoryStore::FindSpec(const core::SweepId& id) {
  const auto sweep = sweeps_.find(id);
  if (sweep == sweeps_.end()) return absl::NotFoundError(absl::StrCat("there is no sweep ", id));
  return sweep->second.record.definition->spec;
}

}  // namespace basin::server::store
