#include <algorithm>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/core/decide_internal.h"
#include "server/core/pending_trials.h"
#include "server/core/placement.h"
#include "server/core/set_aside.h"

namespace basin::server::core {
namespace {

// A sweep that may have trials for this worker, and what this command has taken of it so far.
class Offer {
 public:
  Offer(const State& state, const SweepEntry& sweep, const WorkerEntry& worker, MonoTime now)
      : state_(state),
        sweep_(sweep),
        entry_(worker),
        worker_(worker.record.description),
        now_(now),
        pins_(PinsInForce(sweep)),
        trials_(sweep, state.settings().look_ahead) {}

  // Priority first; then who has the least running; then who waits longest.
  bool operator<(const Offer& other) const {
    if (sweep_.record.priority != other.sweep_.record.priority) {
      return sweep_.record.priority > other.sweep_.record.priority;
    }
    if (Running() != other.Running()) return Running() < other.Running();
    if (taken_.empty() != other.taken_.empty()) return taken_.empty();
    if (sweep_.last_served != other.sweep_.last_served) return sweep_.last_served < other.sweep_.last_served;
    return sweep_.record.id < other.sweep_.record.id;
  }

  // One more trial; false when there is none for this worker.
  bool Take() {
    const uint32_t max_parallel = Definition().max_parallel;
    if (max_parallel != 0 && Running() >= max_parallel) return false;
    if (!HasEngine(pins_, worker_)) return false;
    std::optional<QueuedTrial> trial = trials_.Next([this](uint64_t index) {
      const std::string dataset = DatasetOf(index);
      return HasData(pins_, worker_, dataset) && !(ShouldRunElsewhere(index) && CanRunElsewhere(dataset));
    });
    if (!trial) return false;
    const std::string dataset = DatasetOf(trial->key.index);
    pins_.engine_fingerprint = worker_.engine_fingerprint;
    if (!dataset.empty()) pins_.digests[dataset] = worker_.datasets.at(dataset);
    taken_.push_back(*std::move(trial));
    return true;
  }

  void AddEvents(const WorkerId& worker, MonoTime lease, Now now, std::vector<Event>* events) const {
    if (taken_.empty()) return;
    if (pins_ != sweep_.record.pins) events->push_back(SweepPinned{sweep_.record.id, pins_});
    for (const QueuedTrial& trial : taken_) {
      const uint64_t index = trial.key.index;
      TrialLeased leased;
      leased.key = trial.key;
      leased.attempt = trial.attempts + 1;
      leased.failures = trial.failures;
      leased.config = Definition().ConfigOf(index);
      leased.seed = contract::SeedAt(Definition().spec.seeds(), Definition().SeedPositionOf(index));
      leased.params = Definition().space->Params(leased.config);
      leased.worker = worker;
      if (!trial.checkpoints.empty()) leased.from = trial.checkpoints.back();
      leased.at = now.wall;
      leased.mono = now.mono;
      leased.lease_until = now.mono + lease;
      events->push_back(std::move(leased));
    }
  }

 private:
  const SweepDefinition& Definition() const { return *sweep_.record.definition; }
  uint64_t Running() const { return sweep_.running.size() + taken_.size(); }
  std::string DatasetOf(uint64_t index) const { return Definition().space->DatasetOf(Definition().ConfigOf(index)); }

  // Whether the worker leaves the trial to others, if one of them could run it: it is set aside; or the trial failed on
  // it a moment ago; or it ran the trial that this one is to be compared with, which says more elsewhere.
  bool ShouldRunElsewhere(uint64_t index) const {
    if (IsSetAside(entry_, now_)) return true;
    if (sweep_.record.verifies && sweep_.record.verifies->worker == worker_.name) return true;
    const auto queued = sweep_.queued.find(index);
    if (queued == sweep_.queued.end()) return false;
    const FailedOn& failed = queued->second.failed_on;
    return failed.last == entry_.record.id && now_ - failed.at < kElsewhereFirst;
  }

  bool CanRunElsewhere(const std::string& dataset) {
    const auto [known, fresh] = elsewhere_.try_emplace(dataset);
    if (fresh) known->second = AnotherCould(state_, worker_, PinsInForce(sweep_), dataset, now_);
    return known->second;
  }

  const State& state_;
  const SweepEntry& sweep_;
  const WorkerEntry& entry_;
  const WorkerDescription& worker_;
  const MonoTime now_;
  SweepPins pins_;
  PendingTrials trials_;
  std::vector<QueuedTrial> taken_;
  std::map<std::string, bool> elsewhere_;  // Whether another worker could run trials with the data set.
};

std::list<Offer> OffersTo(const State& state, const WorkerEntry& worker, MonoTime now) {
  std::list<Offer> offers;
  for (const SweepId& id : state.live()) {
    const SweepEntry& sweep = *state.FindSweep(id);
    if (sweep.record.state != SweepState::kRunning || sweep.record.counts.pending == 0) continue;
    offers.emplace_back(state, sweep, worker, now);
  }
  return offers;
}

LeaseReply::Lease LeaseOf(const SweepEntry& sweep, const TrialKey& key, const RunningTrial& trial) {
  const Checkpoint* from = trial.from();
  return {key,        trial.attempt,           trial.config,
          trial.seed, sweep.record.definition, from != nullptr ? std::optional(*from) : std::nullopt};
}

// The trials of the earlier answer that the worker still holds.
void RepeatAnswer(const State& state, const WorkerEntry& worker, LeaseReply* reply) {
  for (const TrialKey& key : worker.last_lease_answer) {
    const RunningTrial* trial = state.FindRunning(key);
    if (trial == nullptr || trial->worker != worker.record.id) continue;
    reply->leases.push_back(LeaseOf(*state.FindSweep(key.sweep), key, *trial));
  }
}

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const LeaseTrials& command, Now now) {
  const absl::StatusOr<const WorkerEntry*> caller = FindCaller(state, command.worker);
  if (!caller.ok()) return caller.status();
  const WorkerEntry& worker = **caller;
  const MonoTime lease = state.settings().lease;
  std::vector<Event> events;
  AddReturn(worker, now, &events);
  events.push_back(LeasesRenewed{command.worker, {}, now.mono, now.mono + lease});
  LeaseReply reply;
  reply.drain = worker.draining;
  if (!command.request_id.empty() && command.request_id == worker.last_lease_request) {
    RepeatAnswer(state, worker, &reply);
    return Decision{std::move(events), std::move(reply)};
  }
  if (worker.draining) return Decision{std::move(events), std::move(reply)};

  const WorkerDescription& description = worker.record.description;
  uint64_t free = description.slots > worker.running.size() ? description.slots - worker.running.size() : 0;
  free = std::min<uint64_t>(free, command.max_trials);
  if (free == 0) return Decision{std::move(events), std::move(reply)};
  std::list<Offer> open = OffersTo(state, worker, now.mono);
  std::list<Offer> spent;
  while (free > 0 && !open.empty()) {
    const auto next = std::min_element(open.begin(), open.end());
    if (next->Take()) {
      --free;
    } else {
      spent.splice(spent.end(), open, next);
    }
  }
  open.splice(open.end(), spent);
  for (const Offer& offer : open) offer.AddEvents(command.worker, lease, now, &events);

  LeaseAnswered answered{command.worker, command.request_id, {}};
  for (const Event& event : events) {
    const auto* leased = std::get_if<TrialLeased>(&event);
    if (leased == nullptr) continue;
    const SweepEntry& sweep = *state.FindSweep(leased->key.sweep);
    reply.leases.push_back(
        {leased->key, leased->attempt, leased->config, leased->seed, sweep.record.definition, leased->from});
    answered.trials.push_back(leased->key);
  }
  if (!command.request_id.empty() && !answered.trials.empty()) events.push_back(std::move(answered));
  return Decision{std::move(events), std::move(reply)};
}

}  // namespace basin::server::core
