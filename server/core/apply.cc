#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "server/core/best_trials.h"
#include "server/core/decide_internal.h"
#include "server/core/progress.h"
#include "server/core/require.h"
#include "server/core/state.h"

namespace basin::server::core {
namespace {

bool Ended(SweepState state) { return state != SweepState::kRunning && state != SweepState::kPaused; }
bool Present(WorkerState state) { return state == WorkerState::kConnected || state == WorkerState::kDraining; }

}  // namespace

// One overload for each event.
class State::Applier {
 public:
  explicit Applier(State& state) : state_(state) {}

  void operator()(const SweepCreated& event) {
    SweepEntry& sweep = state_.sweeps_[event.id];
    const SweepDefinition& definition = *event.definition;
    SweepRecord& record = sweep.record;
    record.id = event.id;
    record.name = definition.spec.name();
    record.definition = event.definition;
    record.request_id = event.request_id;
    record.spec_digest = event.spec_digest;
    record.owner = event.owner;
    record.verifies = event.verifies;
    record.priority = definition.spec.priority();
    record.configs = definition.configs;
    record.seeds = definition.seeds;
    record.maximize = definition.maximize;
    record.counts.pending = definition.trials();
    record.created_at = event.at;
    if (!event.request_id.empty()) state_.requests_[event.request_id] = event.id;
    state_.live_.insert(event.id);
    Touch(sweep);
  }

  void operator()(const SweepStateChanged& event) {
    SweepEntry& sweep = Sweep(event.id);
    SweepRecord& record = sweep.record;
    record.state = event.state;
    record.message = event.message;
    if (Ended(event.state)) {
      record.ended_at = event.at;
      state_.live_.erase(event.id);
      DropDefinition(sweep);
    } else {
      record.ended_at.reset();
      if (event.definition) record.definition = event.definition;
      Require(record.definition != nullptr, "a sweep goes on without its definition");
      state_.live_.insert(event.id);
    }
    Touch(sweep);
  }

  void operator()(const SweepPinned& event) {
    SweepEntry& sweep = Sweep(event.id);
    sweep.record.pins = event.pins;
    Touch(sweep);
  }

  void operator()(const SweepDeleted& event) {
    SweepEntry& sweep = Sweep(event.id);
    while (!sweep.running.empty()) EndAttempt(sweep, sweep.running.begin());
    if (const auto request = state_.requests_.find(sweep.record.request_id);
        request != state_.requests_.end() && request->second == event.id) {
      state_.requests_.erase(request);
    }
    state_.finished_.erase(state_.finished_.lower_bound({event.id, 0}),
                           state_.finished_.upper_bound({event.id, UINT64_MAX}));
    state_.live_.erase(event.id);
    state_.sweeps_.erase(event.id);
  }

  void operator()(const TrialReused& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    TakePending(sweep, event.key.index);
    --sweep.record.counts.pending;
    ++sweep.record.counts.Of(event.state);
    ++sweep.record.counts.reused;
    if (!sweep.record.started_at) sweep.record.started_at = event.at;
    if (event.state == TrialState::kSucceeded) CompareWithBest(sweep.record, event.key.index, event.objective);
    state_.finished_[event.key] = FinishedTrial{event.state, 0, "", 0};
    Touch(sweep);
  }

  void operator()(const TrialLeased& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    const uint64_t index = event.key.index;
    RunningTrial trial;
    if (const auto queued = sweep.queued.find(index); queued != sweep.queued.end()) {
      trial.checkpoints = std::move(queued->second.checkpoints);
      trial.failed_on = std::move(queued->second.failed_on);
    }
    TakePending(sweep, index);
    trial.attempt = event.attempt;
    if (event.from) static_cast<Progress&>(trial) = event.from->progress;
    trial.failures = event.failures;
    trial.config = event.config;
    trial.seed = event.seed;
    trial.worker = event.worker;
    trial.started = event.mono;
    trial.lease_until = event.lease_until;
    state_.deadlines_.leases.emplace(trial.lease_until, event.key);
    if (const auto& limit = sweep.record.definition->trial_time_limit) {
      trial.limit_end = event.mono + *limit;
      state_.deadlines_.limits.emplace(*trial.limit_end, event.key);
    }
    if (WorkerEntry* worker = Worker(event.worker)) worker->running.insert(event.key);
    sweep.running.emplace(index, std::move(trial));
    --sweep.record.counts.pending;
    ++sweep.record.counts.running;
    if (!sweep.record.started_at) sweep.record.started_at = event.at;
    Touch(sweep);
    sweep.last_served = sweep.revision;
  }

  void operator()(const PointsAppended& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    const auto trial = sweep.running.find(event.key.index);
    Require(trial != sweep.running.end() && trial->second.attempt == event.attempt &&
                trial->second.next_sequence == event.first_sequence,
            "points that do not follow those of the open attempt");
    AddPoints(*sweep.record.definition, event.points, &trial->second);
    Touch(sweep);
  }

  void operator()(const CheckpointAdded& event) {
    std::vector<Checkpoint>& checkpoints = Running(event.key, event.checkpoint.attempt).checkpoints;
    checkpoints.push_back(event.checkpoint);
    if (checkpoints.size() > kCheckpointsKept) checkpoints.erase(checkpoints.begin());
  }

  void operator()(const CheckpointRejected& event) {
    RunningTrial& trial = Running(event.key, event.attempt);
    Require(!trial.checkpoints.empty() && trial.checkpoints.back().file.sha256 == event.rejected.file.sha256,
            "another checkpoint was rejected than the newest");
    trial.checkpoints.pop_back();
    static_cast<Progress&>(trial) = event.from ? event.from->progress : Progress{};
    Touch(Sweep(event.key.sweep));
  }

  // Only the store remembers them: no decision asks for them.
  void operator()(const WeightsAdded& event) { Running(event.key, event.attempt); }
  void operator()(const WeightsDropped&) {}

  void operator()(const TrialRequeued& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    const auto trial = sweep.running.find(event.key.index);
    Require(trial != sweep.running.end() && trial->second.attempt == event.attempt,
            "an attempt ended that was not open");
    std::vector<Checkpoint> checkpoints = std::move(trial->second.checkpoints);
    FailedOn failed_on = std::move(trial->second.failed_on);
    if (event.failures > trial->second.failures) {
      failed_on.several = failed_on.several || (!failed_on.last.empty() && failed_on.last != trial->second.worker);
      failed_on.last = trial->second.worker;
      failed_on.at = event.mono;
    }
    EndAttempt(sweep, trial);
    sweep.queued[event.key.index] =
        QueuedTrial{event.key, event.attempt, event.failures, std::move(checkpoints), std::move(failed_on)};
    --sweep.record.counts.running;
    ++sweep.record.counts.pending;
    DropDefinition(sweep);
    Touch(sweep);
  }

  void operator()(const TrialFinished& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    SweepRecord& record = sweep.record;
    const auto trial = sweep.running.find(event.key.index);
    if (trial != sweep.running.end()) {
      EndAttempt(sweep, trial);
      --record.counts.running;
    } else {
      Require(sweep.queued.erase(event.key.index) == 1, "a trial ended that neither ran nor was queued");
      --record.counts.pending;
    }
    ++record.counts.Of(event.state);
    if (event.state == TrialState::kSucceeded) CompareWithBest(record, event.key.index, event.objective);
    if (event.outcome) {
      if (WorkerEntry* worker = Worker(event.worker)) ++worker->record.trials_finished;
    }
    state_.finished_[event.key] =
        FinishedTrial{event.state, event.attempt, event.outcome ? event.outcome->Identity() : "", event.next_sequence};
    DropDefinition(sweep);
    Touch(sweep);
  }

  void operator()(const PendingCancelled& event) {
    SweepEntry& sweep = Sweep(event.id);
    sweep.record.counts.pending -= event.count;
    sweep.record.counts.cancelled += event.count;
    sweep.skipped.clear();
    sweep.next_index = sweep.record.configs * sweep.record.seeds;
    Touch(sweep);
  }

  void operator()(const TrialRetried& event) {
    SweepEntry& sweep = Sweep(event.key.sweep);
    sweep.queued[event.key.index] = QueuedTrial{event.key, event.attempts, 0};
    --sweep.record.counts.failed;
    ++sweep.record.counts.pending;
    state_.finished_.erase(event.key);
    Touch(sweep);
  }

  void operator()(const WorkerRegistered& event) {
    DropGone(event.description.name);
    WorkerEntry& worker = state_.workers_[event.id];
    worker.record.id = event.id;
    worker.record.description = event.description;
    worker.record.connected_at = event.at;
    worker.last_heard = event.mono;
    state_.deadlines_.silences.emplace(SilenceEnd(worker), event.id);
    TouchWaiting();
  }

  void operator()(const WorkerStateChanged& event) {
    WorkerEntry* worker = Worker(event.id);
    Require(worker != nullptr, "an unknown worker changed its state");
    state_.deadlines_.silences.erase({SilenceEnd(*worker), event.id});
    worker->record.state = event.state;
    if (event.state == WorkerState::kDraining) worker->draining = true;
    if (Present(event.state)) state_.deadlines_.silences.emplace(SilenceEnd(*worker), event.id);
    TouchWaiting();
  }

  void operator()(const WorkerBlamed& event) {
    WorkerEntry* worker = Worker(event.id);
    Require(worker != nullptr, "an unknown worker was blamed");
    worker->blame = event.blame;
  }

  void operator()(const WorkerSetAside&) {}
  void operator()(const Audited&) {}
  void operator()(const LeasesRenewed& event) {
    if (WorkerEntry* worker = Worker(event.worker)) {
      state_.deadlines_.silences.erase({SilenceEnd(*worker), event.worker});
      worker->last_heard = event.mono;
      if (Present(worker->record.state)) state_.deadlines_.silences.emplace(SilenceEnd(*worker), event.worker);
    }
    for (const TrialKey& key : event.trials) {
      RunningTrial& trial = Sweep(key.sweep).running.at(key.index);
      state_.deadlines_.leases.erase({trial.lease_until, key});
      trial.lease_until = event.lease_until;
      state_.deadlines_.leases.emplace(trial.lease_until, key);
    }
  }

  void operator()(const DeadlinesPutOff& event) {
    Deadlines& deadlines = state_.deadlines_;
    const MonoTime latest = event.mono + state_.settings_.lease;
    for (const auto& [end, key] : std::exchange(deadlines.leases, {})) {
      MonoTime& until = Sweep(key.sweep).running.at(key.index).lease_until;
      until = std::max(until, std::min(until + event.by, latest));
      deadlines.leases.emplace(until, key);
    }
    for (const auto& [end, key] : std::exchange(deadlines.limits, {})) {
      std::optional<MonoTime>& limit_end = Sweep(key.sweep).running.at(key.index).limit_end;
      limit_end = std::max(*limit_end + event.by, event.mono + std::min(event.by, state_.settings_.lease / 3));
      deadlines.limits.emplace(*limit_end, key);
    }
    for (const auto& [end, id] : std::exchange(deadlines.silences, {})) {
      WorkerEntry& worker = *Worker(id);
      worker.last_heard = std::max(worker.last_heard, std::min(worker.last_heard + event.by, event.mono));
      deadlines.silences.emplace(SilenceEnd(worker), id);
    }
  }

  void operator()(const LeaseAnswered& event) {
    WorkerEntry* worker = Worker(event.worker);
    Require(worker != nullptr, "an unknown worker was answered");
    worker->last_lease_request = event.request_id;
    worker->last_lease_answer = event.trials;
  }

 private:
  SweepEntry& Sweep(const SweepId& id) {
    const auto found = state_.sweeps_.find(id);
    Require(found != state_.sweeps_.end(), "an event of an unknown sweep");
    return found->second;
  }

  RunningTrial& Running(const TrialKey& key, uint32_t attempt) {
    SweepEntry& sweep = Sweep(key.sweep);
    const auto trial = sweep.running.find(key.index);
    Require(trial != sweep.running.end() && trial->second.attempt == attempt,
            "an event of an attempt that is not open");
    return trial->second;
  }

  WorkerEntry* Worker(const WorkerId& id) {
    const auto found = state_.workers_.find(id);
    return found == state_.workers_.end() ? nullptr : &found->second;
  }

  MonoTime SilenceEnd(const WorkerEntry& worker) const { return worker.last_heard + state_.settings_.lease; }

  void Touch(SweepEntry& sweep) { sweep.revision = ++state_.revision_; }

  // Why a sweep waits depends on the workers.
  void TouchWaiting() {
    for (const SweepId& id : state_.live_) {
      SweepEntry& sweep = Sweep(id);
      if (sweep.running.empty()) Touch(sweep);
    }
  }

  void EndAttempt(SweepEntry& sweep, std::map<uint64_t, RunningTrial>::iterator trial) {
    const TrialKey key{sweep.record.id, trial->first};
    state_.deadlines_.leases.erase({trial->second.lease_until, key});
    if (const auto& end = trial->second.limit_end) state_.deadlines_.limits.erase({*end, key});
    if (WorkerEntry* worker = Worker(trial->second.worker)) worker->running.erase(key);
    sweep.running.erase(trial);
  }

  // A PENDING trial is no longer among those that wait.
  static void TakePending(SweepEntry& sweep, uint64_t index) {
    if (sweep.queued.erase(index) > 0 || sweep.skipped.erase(index) > 0) return;
    Require(index >= sweep.next_index, "a trial was taken that is not pending");
    for (uint64_t passed = sweep.next_index; passed < index; ++passed) sweep.skipped.insert(passed);
    sweep.next_index = index + 1;
  }

  static void CompareWithBest(SweepRecord& record, uint64_t index, const std::optional<double>& objective) {
    BestTrials best{record.maximize, std::move(record.best)};
    best.Add(index, objective);
    record.best = std::move(best.ranked);
  }

  // An ended sweep needs its definition only for what still runs.
  static void DropDefinition(SweepEntry& sweep) {
    if (!sweep.live() && sweep.running.empty()) sweep.record.definition.reset();
  }

  // Forgets workers that are gone: those of the name that comes back, and all but the last kGoneWorkersKept.
  void DropGone(const std::string& name) {
    std::vector<std::pair<MonoTime, WorkerId>> gone;
    for (auto worker = state_.workers_.begin(); worker != state_.workers_.end();) {
      const bool here = Present(worker->second.record.state);
      if (!here && worker->second.record.description.name == name) {
        worker = state_.workers_.erase(worker);
        continue;
      }
      if (!here) gone.emplace_back(worker->second.last_heard, worker->first);
      ++worker;
    }
    if (gone.size() <= kGoneWorkersKept) return;
    std::sort(gone.begin(), gone.end());
    gone.resize(gone.size() - kGoneWorkersKept);
    for (const auto& [heard, id] : gone) state_.workers_.erase(id);
  }

  State& state_;
};

void State::Apply(const Event& event) { std::visit(Applier(*this), event); }

}  // namespace basin::server::core
