#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/decide_internal.h"

namespace basin::server::core {
namespace {

// The open attempt of the worker that calls. ABORTED for any other attempt.
absl::StatusOr<const RunningTrial*> FindOpen(const State& state, const WorkerId& worker, const TrialKey& key,
                                             uint32_t attempt) {
  const absl::StatusOr<const WorkerEntry*> caller = FindCaller(state, worker);
  if (!caller.ok()) return caller.status();
  const RunningTrial* trial = state.FindRunning(key);
  if (trial == nullptr || trial->attempt != attempt || trial->worker != worker) {
    return absl::AbortedError(absl::StrCat("attempt ", attempt, " of trial ", ToText(key), " has lost its lease"));
  }
  return trial;
}

std::vector<Event> SignOfLife(const State& state, const WorkerId& worker, const TrialKey& key, Now now) {
  std::vector<Event> events;
  AddReturn(*state.FindWorker(worker), now, &events);
  events.push_back(LeasesRenewed{worker, {key}, now.mono, now.mono + state.settings().lease});
  return events;
}

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const AddCheckpoint& command, Now now) {
  const absl::StatusOr<const RunningTrial*> trial = FindOpen(state, command.worker, command.key, command.attempt);
  if (!trial.ok()) return trial.status();
  std::vector<Event> events = SignOfLife(state, command.worker, command.key, now);
  const std::vector<Checkpoint>& checkpoints = (*trial)->checkpoints;
  // Repeated; or an attempt that went on from these very bytes and did nothing since.
  const bool known = !checkpoints.empty() && checkpoints.back().file.sha256 == command.file.sha256;
  if (known) return Decision{std::move(events), NoReply{}};
  if (!checkpoints.empty() && command.file.step <= checkpoints.back().file.step) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint is of step ", command.file.step,
                                                      ", the trial has one of step ", checkpoints.back().file.step));
  }
  // A later attempt would else miss points, or have some twice.
  if (command.next_sequence != (*trial)->next_sequence) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint was made after ", command.next_sequence,
                                                      " points, the server has ", (*trial)->next_sequence));
  }
  events.push_back(
      CheckpointAdded{command.key, Checkpoint{command.attempt, command.file, Progress(**trial)}, now.wall});
  return Decision{std::move(events), NoReply{}};
}

absl::StatusOr<Decision> DecideOne(const State& state, const RejectCheckpoint& command, Now now) {
  const absl::StatusOr<const RunningTrial*> found = FindOpen(state, command.worker, command.key, command.attempt);
  if (!found.ok()) return found.status();
  const RunningTrial& trial = **found;
  std::vector<Event> events = SignOfLife(state, command.worker, command.key, now);
  const auto reply = [](const Checkpoint* from) {
    return RejectReply{from != nullptr ? std::optional(*from) : std::nullopt};
  };
  const Checkpoint* from = trial.from();
  // Repeated.
  if (from == nullptr || from->file.sha256 != command.sha256) return Decision{std::move(events), reply(from)};
  const bool told_nothing =
      trial.checkpoints.back().attempt < trial.attempt && trial.next_sequence == from->progress.next_sequence;
  if (!told_nothing) {
    return absl::FailedPreconditionError("the attempt has gone on from its checkpoint and can't reject it any more");
  }
  const Checkpoint* other = trial.checkpoints.size() > 1 ? &trial.checkpoints[trial.checkpoints.size() - 2] : nullptr;
  events.push_back(CheckpointRejected{command.key, command.attempt, *from, reply(other).from});
  return Decision{std::move(events), reply(other)};
}

absl::StatusOr<Decision> DecideOne(const State& state, const AddWeights& command, Now now) {
  const absl::StatusOr<const RunningTrial*> trial = FindOpen(state, command.worker, command.key, command.attempt);
  if (!trial.ok()) return trial.status();
  std::vector<Event> events = SignOfLife(state, command.worker, command.key, now);
  events.push_back(WeightsAdded{command.key, command.attempt, command.file, now.wall});
  return Decision{std::move(events), NoReply{}};
}

}  // namespace basin::server::core
