#include "server/core/state.h"

#include <algorithm>
#include <utility>

#include "server/core/require.h"

namespace basin::server::core {
namespace {

uint64_t Total(const SweepRecord& record) { return record.configs * record.seeds; }

SweepEntry RestoreSweep(SweepRecord record, const Snapshot& snapshot) {
  SweepEntry entry;
  if (const auto next = snapshot.next_index.find(record.id); next != snapshot.next_index.end()) {
    entry.next_index = next->second;
  } else {
    // Nothing was leased ever, or everything was.
    entry.next_index = record.counts.pending == Total(record) ? 0 : Total(record);
  }
  if (const auto skipped = snapshot.skipped.find(record.id); skipped != snapshot.skipped.end()) {
    entry.skipped.insert(skipped->second.begin(), skipped->second.end());
  }
  entry.record = std::move(record);
  return entry;
}

RunningTrial RestoreTrial(OpenTrial open, const SweepDefinition& definition, MonoTime now, MonoTime lease) {
  RunningTrial trial;
  trial.attempt = open.attempt;
  trial.failures = open.failures;
  trial.config = definition.ConfigOf(open.key.index);
  trial.seed = contract::SeedAt(definition.spec.seeds(), definition.SeedPositionOf(open.key.index));
  trial.worker = std::move(open.worker);
  trial.started = now;
  trial.lease_until = now + lease;
  if (definition.trial_time_limit) trial.limit_end = now + *definition.trial_time_limit;
  trial.checkpoints = std::move(open.checkpoints);
  static_cast<Progress&>(trial) = std::move(open);
  return trial;
}

}  // namespace

State State::Restore(Settings settings, Snapshot snapshot, Now now) {
  State state(settings);
  for (SweepRecord& record : snapshot.sweeps) {
    const SweepId id = record.id;
    SweepEntry& entry = state.sweeps_[id] = RestoreSweep(std::move(record), snapshot);
    entry.revision = ++state.revision_;
    if (!entry.record.request_id.empty()) state.requests_[entry.record.request_id] = id;
    if (entry.live()) state.live_.insert(id);
    Require(!entry.live() || entry.record.definition != nullptr, "a live sweep was restored without its definition");
  }
  for (WorkerRecord& record : snapshot.workers) {
    const WorkerId id = record.id;
    WorkerEntry& entry = state.workers_[id];
    entry.draining = record.state == WorkerState::kDraining;
    if (record.state == WorkerState::kConnected || record.state == WorkerState::kDraining) {
      state.deadlines_.silences.emplace(now.mono + settings.lease, id);
    }
    entry.last_heard = now.mono;
    entry.record = std::move(record);
  }
  for (QueuedTrial& trial : snapshot.queued) {
    const auto sweep = state.sweeps_.find(trial.key.sweep);
    Require(sweep != state.sweeps_.end(), "a queued trial was restored without its sweep");
    const uint64_t index = trial.key.index;
    sweep->second.queued.emplace(index, std::move(trial));
  }
  for (OpenTrial& open : snapshot.open) {
    const TrialKey key = open.key;
    const auto sweep = state.sweeps_.find(key.sweep);
    Require(sweep != state.sweeps_.end(), "a running trial was restored without its sweep");
    const std::shared_ptr<const SweepDefinition>& definition = sweep->second.record.definition;
    Require(definition != nullptr, "a running trial was restored without its sweep's definition");
    RunningTrial trial = RestoreTrial(std::move(open), *definition, now.mono, settings.lease);
    state.deadlines_.leases.emplace(trial.lease_until, key);
    if (trial.limit_end) state.deadlines_.limits.emplace(*trial.limit_end, key);
    if (const auto worker = state.workers_.find(trial.worker); worker != state.workers_.end()) {
      worker->second.running.insert(key);
    }
    sweep->second.running.emplace(key.index, std::move(trial));
  }
  return state;
}

const SweepEntry* State::FindSweep(const SweepId& id) const {
  const auto found = sweeps_.find(id);
  return found == sweeps_.end() ? nullptr : &found->second;
}

const WorkerEntry* State::FindWorker(const WorkerId& id) const {
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : &found->second;
}

const RunningTrial* State::FindRunning(const TrialKey& key) const {
  const SweepEntry* sweep = FindSweep(key.sweep);
  if (sweep == nullptr) return nullptr;
  const auto found = sweep->running.find(key.index);
  return found == sweep->running.end() ? nullptr : &found->second;
}

const SweepEntry* State::FindRequest(const std::string& request_id) const {
  const auto found = requests_.find(request_id);
  return found == requests_.end() ? nullptr : FindSweep(found->second);
}

const FinishedTrial* State::FindFinished(const TrialKey& key) const {
  const auto found = finished_.find(key);
  return found == finished_.end() ? nullptr : &found->second;
}

void State::ForgetFinished() { finished_.clear(); }

std::optional<MonoTime> State::NextDeadline() const {
  std::optional<MonoTime> first;
  const auto consider = [&first](const auto& by_time) {
    if (by_time.empty()) return;
    const MonoTime at = by_time.begin()->first;
    if (!first || at < *first) first = at;
  };
  consider(deadlines_.leases);
  consider(deadlines_.limits);
  consider(deadlines_.silences);
  return first;
}

}  // namespace basin::server::core
