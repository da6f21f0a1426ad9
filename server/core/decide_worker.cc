#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/decide_internal.h"

namespace basin::server::core {

absl::StatusOr<const WorkerEntry*> FindCaller(const State& state, const WorkerId& id) {
  const WorkerEntry* worker = state.FindWorker(id);
  if (worker == nullptr || worker->record.state == WorkerState::kLeft) {
    return absl::NotFoundError(absl::StrCat("worker '", id, "' is not registered"));
  }
  return worker;
}

void AddReturn(const WorkerEntry& worker, Now now, std::vector<Event>* events) {
  if (worker.record.state != WorkerState::kLost) return;
  const WorkerState back = worker.draining ? WorkerState::kDraining : WorkerState::kConnected;
  events->push_back(WorkerStateChanged{worker.record.id, back, now.wall});
}

absl::StatusOr<Decision> DecideOne(const State& state, const RegisterWorker& command, Now now) {
  if (state.FindWorker(command.id) != nullptr) {
    return absl::UnavailableError("the new worker's id is taken; try again");
  }
  // LOST workers that are forgotten become history: the one whose name comes back, and the oldest of too many.
  std::vector<std::pair<MonoTime, WorkerId>> lost;
  std::vector<Event> events;
  for (const auto& [id, worker] : state.workers()) {
    if (worker.record.state != WorkerState::kLost) continue;
    if (worker.record.description.name == command.description.name) {
      events.push_back(WorkerStateChanged{id, WorkerState::kLeft, now.wall});
    } else {
      lost.emplace_back(worker.last_heard, id);
    }
  }
  std::sort(lost.begin(), lost.end());
  for (size_t i = 0; i + kGoneWorkersKept < lost.size(); ++i) {
    events.push_back(WorkerStateChanged{lost[i].second, WorkerState::kLeft, now.wall});
  }
  events.push_back(WorkerRegistered{command.id, command.description, now.wall, now.mono});
  return Decision{std::move(events), WorkerReply{command.id}};
}

absl::StatusOr<Decision> DecideOne(const State& state, const UnregisterWorker& command, Now now) {
  const WorkerEntry* worker = state.FindWorker(command.id);
  if (worker != nullptr && worker->record.state == WorkerState::kLeft) return Decision{{}, WorkerReply{command.id}};
  if (worker == nullptr) return FindCaller(state, command.id).status();
  std::vector<Event> events;
  for (const TrialKey& key : worker->running) {
    const RunningTrial& trial = *state.FindRunning(key);
    events.push_back(TrialRequeued{key, trial.attempt, trial.failures, "its worker left", now.wall, now.mono});
  }
  events.push_back(WorkerStateChanged{command.id, WorkerState::kLeft, now.wall});
  return Decision{std::move(events), WorkerReply{command.id}};
}

absl::StatusOr<Decision> DecideOne(const State& state, const DrainWorker& command, Now now) {
  const absl::StatusOr<const WorkerEntry*> worker = FindCaller(state, command.id);
  if (!worker.ok()) return worker.status();
  Decision decision{{}, WorkerReply{command.id}};
  if (!(*worker)->draining) {
    decision.events.push_back(WorkerStateChanged{command.id, WorkerState::kDraining, now.wall});
  }
  return decision;
}

}  // namespace basin::server::core
