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

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const ExpireLeases& command, Now now) {
  const MonoTime lease = state.settings().lease;
  Decision decision;
  if (command.stalled > MonoTime::zero()) {
    decision.events.push_back(DeadlinesPutOff{command.stalled, now.mono});
    return decision;
  }
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
