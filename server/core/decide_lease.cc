#include <algorithm>
#include <list>
#include <utility>
#include <vector>

#include "proto/contract/workload_size.h"
#include "server/core/best_trials.h"
#include "server/core/decide_internal.h"
#include "server/core/offer.h"

namespace basin::server::core {
namespace {

constexpr size_t kMostLookUps = 64;  // Of a sweep at a time.

// `trial`: a RunningTrial or a TrialLeased.
template <typename Trial>
LeaseReply::Lease LeaseOf(const SweepRecord& sweep, const TrialKey& key, const Trial& trial, const Checkpoint* from) {
  LeaseReply::Lease lease{key, trial.attempt, trial.config, trial.seed, sweep.definition, {}, {}};
  if (from != nullptr) lease.from = *from;
  if (sweep.definition->spec.keep().weights() == v1::Keep::WEIGHTS_BEST) {
    if (const RankedTrial* bar = BarOf(sweep.best)) lease.weights_bar = bar->objective;
  }
  return lease;
}

// The trials of the earlier answer that the worker still holds.
void RepeatAnswer(const State& state, const WorkerEntry& worker, LeaseReply* reply) {
  for (const TrialKey& key : worker.last_lease_answer) {
    const RunningTrial* trial = state.FindRunning(key);
    if (trial == nullptr || trial->worker != worker.record.id) continue;
    reply->leases.push_back(LeaseOf(state.FindSweep(key.sweep)->record, key, *trial, trial->from()));
  }
}

// How many trials a worker may be given: to begin at once, and to wait for a slot.
struct Room {
  uint64_t slots = 0, ahead = 0;
};
Room RoomOf(const WorkerEntry& worker, const LeaseTrials& command) {
  const uint64_t slots = worker.record.description.slots, held = worker.running.size();
  const uint64_t most = slots + std::min<uint64_t>(command.ahead, slots);
  Room room;
  room.slots = std::min<uint64_t>(slots > held ? slots - held : 0, command.max_trials);
  room.ahead = most > held ? std::min<uint64_t>(most - held, command.max_trials) - room.slots : 0;
  return room;
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

  Room room = RoomOf(worker, command);
  const uint64_t wanted = room.slots + room.ahead;
  if (wanted == 0) return Decision{std::move(events), std::move(reply)};
  std::list<Offer> open = OffersTo(state, worker, command, now);
  std::list<Offer> spent;
  uint64_t bytes = 0;
  while (room.slots + room.ahead > 0 && !open.empty()) {
    const auto next = std::min_element(open.begin(), open.end());
    const bool fits = bytes == 0 || bytes + next->workload_bytes() <= contract::kMaxLeasedBytes;
    if (fits && (room.slots > 0 || next->MayWait()) && next->Take()) {
      --(room.slots > 0 ? room.slots : room.ahead);
      bytes += next->workload_bytes();
    } else {
      spent.splice(spent.end(), open, next);
    }
  }
  open.splice(open.end(), spent);
  if (std::ranges::none_of(open, &Offer::MustLease)) {
    // More at a time, the more of them had to be looked up before.
    const size_t most = std::min<size_t>(kMostLookUps, std::max<size_t>(wanted, 2 * command.known.size()));
    for (Offer& offer : open) reply.look_up.merge(offer.LookUps(most));
  }
  // The worker begins with the first: those that must not wait for a slot.
  for (const bool may_wait : {false, true}) {
    for (const Offer& offer : open) {
      if (offer.MayWait() == may_wait) offer.AddEvents(lease, /*leases=*/reply.look_up.empty(), &events);
    }
  }

  LeaseAnswered answered{command.worker, command.request_id, {}};
  for (const Event& event : events) {
    const auto* leased = std::get_if<TrialLeased>(&event);
    if (leased == nullptr) continue;
    reply.leases.push_back(LeaseOf(state.FindSweep(leased->key.sweep)->record, leased->key, *leased,
                                   leased->from ? &*leased->from : nullptr));
    answered.trials.push_back(leased->key);
  }
  if (!command.request_id.empty() && !answered.trials.empty()) events.push_back(std::move(answered));
  return Decision{std::move(events), std::move(reply)};
}

}  // namespace basin::server::core
