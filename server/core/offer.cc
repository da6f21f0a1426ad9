#include "server/core/offer.h"

#include <algorithm>
#include <utility>

#include "server/core/placement.h"
#include "server/core/reuse.h"
#include "server/core/set_aside.h"

namespace basin::server::core {

Offer::Offer(const State& state, const SweepEntry& sweep, const WorkerEntry& worker, const LeaseTrials& command,
             Now now)
    : state_(state),
      sweep_(sweep),
      entry_(worker),
      worker_(worker.record.description),
      command_(command),
      now_(now),
      pins_(PinsInForce(sweep)),
      trials_(sweep, state.settings().look_ahead),
      best_(BestTrials::Of(sweep.record)) {}

bool Offer::operator<(const Offer& other) const {
  if (sweep_.record.priority != other.sweep_.record.priority) {
    return sweep_.record.priority > other.sweep_.record.priority;
  }
  if (Running() != other.Running()) return Running() < other.Running();
  if (taken_.empty() != other.taken_.empty()) return taken_.empty();
  if (sweep_.last_served != other.sweep_.last_served) return sweep_.last_served < other.sweep_.last_served;
  return sweep_.record.id < other.sweep_.record.id;
}

bool Offer::Take() {
  const uint32_t max_parallel = Definition().max_parallel;
  if (max_parallel != 0 && Running() >= max_parallel) return false;
  if (!HasEngine(pins_, worker_)) return false;
  while (std::optional<QueuedTrial> trial = Next()) {
    if (Definition().spec.reuse()) {
      const auto known = command_.known.find(trial->key);
      if (known == command_.known.end() && ComputationOf(*trial)) {
        unknown_ = std::move(trial);
        return false;
      }
      const bool has_result = known != command_.known.end() && known->second;
      std::optional<TrialReused> reused =
          has_result ? TakeOver(Definition(), best_, trial->key.index, *known->second) : std::nullopt;
      if (reused) {
        reused->key = trial->key;
        best_.Add(reused->key.index, reused->objective);
        reused_.push_back(*std::move(reused));
        continue;
      }
    }
    taken_.push_back(*std::move(trial));
    return true;
  }
  return false;
}

bool Offer::MustLease() const {
  if (reused_.empty()) return false;
  const auto left_behind = [this](const QueuedTrial& trial) {
    return trial.attempts == 0 && trial.key.index < reused_.back().key.index;
  };
  const auto left = static_cast<uint64_t>(std::ranges::count_if(taken_, left_behind));
  return left > 0 && trials_.behind() + left > state_.settings().look_ahead;
}

std::map<TrialKey, Computation> Offer::LookUps(size_t most) {
  std::map<TrialKey, Computation> look_ups;
  std::optional<QueuedTrial> trial = unknown_;
  for (; trial && look_ups.size() < most; trial = Next()) {
    if (command_.known.contains(trial->key)) continue;
    if (std::optional<Computation> computation = ComputationOf(*trial)) {
      look_ups.emplace(trial->key, *std::move(computation));
    }
  }
  return look_ups;
}

void Offer::AddEvents(MonoTime lease, bool leases, std::vector<Event>* events) const {
  SweepPins pins = pins_;
  const auto pin = [&](uint64_t index) {
    pins.engine_fingerprint = worker_.engine_fingerprint;
    if (const std::string dataset = DatasetOf(index); !dataset.empty()) {
      pins.digests[dataset] = worker_.datasets.at(dataset);
    }
  };
  for (const TrialReused& reused : reused_) pin(reused.key.index);
  if (leases) {
    for (const QueuedTrial& trial : taken_) pin(trial.key.index);
  }
  const bool any = !reused_.empty() || (leases && !taken_.empty());
  if (any && pins != sweep_.record.pins) events->push_back(SweepPinned{sweep_.record.id, pins});
  const bool keeps_best = Definition().spec.keep().weights() == v1::Keep::WEIGHTS_BEST;
  BestTrials best = BestTrials::Of(sweep_.record);
  for (TrialReused reused : reused_) {
    const uint64_t index = reused.key.index;
    reused.config = Definition().ConfigOf(index);
    reused.seed = SeedOf(index);
    reused.params = Definition().space->Params(reused.config);
    reused.workload_digest = DigestIfFirst({reused.key});
    reused.at = now_.wall;
    const std::optional<uint64_t> worse = best.Add(index, reused.objective);
    events->push_back(std::move(reused));
    if (keeps_best && worse && *worse != index) events->push_back(WeightsDropped{{sweep_.record.id, *worse}});
  }
  const TrialCounts& counts = sweep_.record.counts;
  if (counts.pending + counts.running == reused_.size()) {
    events->push_back(SweepStateChanged{sweep_.record.id, SweepState::kFinished, "", nullptr, now_.wall});
  }
  if (!leases) return;
  for (const QueuedTrial& trial : taken_) {
    const uint64_t index = trial.key.index;
    TrialLeased leased;
    leased.key = trial.key;
    leased.attempt = trial.attempts + 1;
    leased.failures = trial.failures;
    leased.config = Definition().ConfigOf(index);
    leased.seed = SeedOf(index);
    leased.params = Definition().space->Params(leased.config);
    leased.workload_digest = DigestIfFirst(trial);
    leased.worker = entry_.record.id;
    if (!trial.checkpoints.empty()) leased.from = trial.checkpoints.back();
    leased.at = now_.wall;
    leased.mono = now_.mono;
    leased.lease_until = now_.mono + lease;
    events->push_back(std::move(leased));
  }
}

uint64_t Offer::SeedOf(uint64_t index) const {
  return contract::SeedAt(Definition().spec.seeds(), Definition().SeedPositionOf(index));
}

// Once a config is enough, since it costs a whole workload.
std::string Offer::DigestIfFirst(const QueuedTrial& trial) const {
  if (trial.attempts > 0 || Definition().SeedPositionOf(trial.key.index) > 0) return "";
  return ReuseDigest(Definition(), Definition().ConfigOf(trial.key.index));
}

std::optional<QueuedTrial> Offer::Next() {
  return trials_.Next([this](uint64_t index) {
    const std::string dataset = DatasetOf(index);
    return HasData(pins_, worker_, dataset) && !(ShouldRunElsewhere(index) && CanRunElsewhere(dataset));
  });
}

// Whether the worker leaves the trial to others, if one of them could run it: it is set aside; or the trial failed on
// it a moment ago; or it ran the trial that this one is to be compared with, which says more elsewhere.
bool Offer::ShouldRunElsewhere(uint64_t index) const {
  if (IsSetAside(entry_, now_.mono)) return true;
  if (sweep_.record.verifies && sweep_.record.verifies->worker == worker_.name) return true;
  const auto queued = sweep_.queued.find(index);
  if (queued == sweep_.queued.end()) return false;
  const FailedOn& failed = queued->second.failed_on;
  return failed.last == entry_.record.id && now_.mono - failed.at < kElsewhereFirst;
}

bool Offer::CanRunElsewhere(const std::string& dataset) {
  const auto [known, fresh] = elsewhere_.try_emplace(dataset);
  if (fresh) known->second = AnotherCould(state_, worker_, pins_, dataset, now_.mono);
  return known->second;
}

std::optional<Computation> Offer::ComputationOf(const QueuedTrial& trial) const {
  if (trial.attempts > 0) return std::nullopt;
  const uint64_t index = trial.key.index;
  Computation computation;
  computation.workload_digest = ReuseDigest(Definition(), Definition().ConfigOf(index));
  if (computation.workload_digest.empty()) return std::nullopt;
  computation.seed = SeedOf(index);
  computation.engine_fingerprint = worker_.engine_fingerprint;
  computation.dataset = DatasetOf(index);
  if (!computation.dataset.empty()) computation.data_digest = worker_.datasets.at(computation.dataset);
  return computation;
}

std::list<Offer> OffersTo(const State& state, const WorkerEntry& worker, const LeaseTrials& command, Now now) {
  std::list<Offer> offers;
  for (const SweepId& id : state.live()) {
    const SweepEntry& sweep = *state.FindSweep(id);
    if (sweep.record.state != SweepState::kRunning || sweep.record.counts.pending == 0) continue;
    offers.emplace_back(state, sweep, worker, command, now);
  }
  return offers;
}

}  // namespace basin::server::core
