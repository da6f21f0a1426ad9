#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/core/attempt_ends.h"
#include "server/core/decide_internal.h"

namespace basin::server::core {
namespace {

std::string Seconds(MonoTime time) { return absl::StrFormat("%g s", std::chrono::duration<double>(time).count()); }

std::string NameOf(const State& state, const WorkerId& id) {
  const WorkerEntry* worker = state.FindWorker(id);
  return worker == nullptr ? id : worker->record.description.name;
}

// The time in which nobody was heard does not count.
Decision Grace(const State& state, Now now) {
  std::map<WorkerId, std::vector<TrialKey>> held;
  for (const auto& [end, id] : state.deadlines().silences) held[id];
  for (const auto& [end, key] : state.deadlines().leases) held[state.FindRunning(key)->worker].push_back(key);
  Decision decision;
  for (auto& [id, keys] : held) {
    decision.events.push_back(LeasesRenewed{id, std::move(keys), now.mono, now.mono + state.settings().lease});
  }
  return decision;
}

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const ExpireLeases& command, Now now) {
  const MonoTime lease = state.settings().lease;
  if (command.stalled > MonoTime::zero()) return Grace(state, now);

  Decision decision;
  AttemptEnds ends(state, now, &decision.events);
  std::set<TrialKey> ended;
  for (const auto& [end, key] : state.deadlines().leases) {
    if (end > now.mono) break;
    const RunningTrial& trial = *state.FindRunning(key);
    ends.Failure(key, trial,
                 absl::StrCat("worker '", NameOf(state, trial.worker), "' did not report it for ", Seconds(lease)),
                 /*perhaps_its_worker=*/false, std::nullopt);
    ended.insert(key);
  }
  for (const auto& [end, key] : state.deadlines().limits) {
    if (end > now.mono) break;
    if (!ended.insert(key).second) continue;
    const RunningTrial& trial = *state.FindRunning(key);
    const MonoTime limit = *state.FindSweep(key.sweep)->record.definition->trial_time_limit;
    ends.Failure(key, trial,
                 absl::StrCat("it ran longer than its limit of ", Seconds(limit), " on worker '",
                              NameOf(state, trial.worker), "'"),
                 /*perhaps_its_worker=*/true, std::nullopt);
  }
  ends.Close();
  for (const auto& [end, id] : state.deadlines().silences) {
    if (end > now.mono) break;
    decision.events.push_back(WorkerStateChanged{id, WorkerState::kLost, now.wall});
  }
  return decision;
}

}  // namespace basin::server::core
