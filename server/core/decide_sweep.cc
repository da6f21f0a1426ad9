#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/decide_internal.h"
#include "server/core/set_aside.h"

namespace basin::server::core {
namespace {

absl::StatusOr<const SweepEntry*> Find(const State& state, const SweepId& id) {
  const SweepEntry* sweep = state.FindSweep(id);
  if (sweep == nullptr) return absl::NotFoundError(absl::StrCat("there is no sweep '", id, "'"));
  return sweep;
}

const char* Name(SweepState state) {
  switch (state) {
    case SweepState::kRunning:
      return "RUNNING";
    case SweepState::kPaused:
      return "PAUSED";
    case SweepState::kFinished:
      return "FINISHED";
    case SweepState::kCancelled:
      return "CANCELLED";
    case SweepState::kFailed:
      break;
  }
  return "FAILED";
}

absl::Status Refusal(const SweepEntry& sweep, const char* action) {
  return absl::FailedPreconditionError(
      absl::StrCat("sweep '", sweep.record.id, "' is ", Name(sweep.record.state), " and can't be ", action));
}

Decision Done(const SweepId& id, std::vector<Event> events = {}, uint64_t requeued = 0) {
  return Decision{std::move(events), SweepReply{id, requeued}};
}

// What a trial of the sweep that has a result was computed with.
SweepPins PinsOf(const SweepEntry& sweep, const std::string& dataset) {
  SweepPins pins;
  pins.engine_fingerprint = sweep.record.pins.engine_fingerprint;
  const auto digest = sweep.record.pins.digests.find(dataset);
  if (digest != sweep.record.pins.digests.end()) pins.digests.insert(*digest);
  return pins;
}

absl::StatusOr<Decision> Repeated(const SweepId& id, const std::string& digest, const CreateSweep& command) {
  if (digest == command.spec_digest) return Done(id);
  return absl::AlreadyExistsError(
      absl::StrCat("request id '", command.request_id, "' has created sweep '", id, "' from another spec"));
}

absl::Status CheckOwnersShare(const State& state, const std::string& owner) {
  const uint64_t most = state.settings().max_sweeps_an_owner;
  if (most == 0 || owner.empty()) return absl::OkStatus();
  const auto own =
      std::ranges::count_if(state.sweeps(), [&](const auto& sweep) { return sweep.second.record.owner == owner; });
  if (static_cast<uint64_t>(own) < most) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("'", owner, "' has ", own, " sweeps, and this server allows ", most, "; remove one (basin rm)"));
}

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const CreateSweep& command, Now now) {
  if (!command.request_id.empty()) {
    if (const SweepEntry* earlier = state.FindRequest(command.request_id)) {
      return Repeated(earlier->record.id, earlier->record.spec_digest, command);
    }
    // A sweep that the store has and the state has not was deleted a moment ago.
    if (command.stored && state.FindSweep(command.stored->id) != nullptr) {
      return Repeated(command.stored->id, command.stored->spec_digest, command);
    }
  }
  const absl::Status share = CheckOwnersShare(state, command.by.name);
  if (!share.ok()) return share;
  if (state.FindSweep(command.id) != nullptr) return absl::UnavailableError("the new sweep's id is taken; try again");
  std::vector<Event> events{SweepCreated{command.id, command.definition, command.request_id, command.spec_digest,
                                         now.wall, command.by.name, command.verifies}};
  if (command.verifies) {
    const absl::StatusOr<const SweepEntry*> verified = Find(state, command.verifies->trial.sweep);
    if (!verified.ok()) return verified.status();
    events.push_back(SweepPinned{command.id, PinsOf(**verified, command.definition->space->DatasetOf(0))});
  }
  return Done(command.id, std::move(events));
}

absl::StatusOr<Decision> DecideOne(const State& state, const PauseSweep& command, Now now) {
  const absl::StatusOr<const SweepEntry*> sweep = Find(state, command.id);
  if (!sweep.ok()) return sweep.status();
  if ((*sweep)->record.state == SweepState::kPaused) return Done(command.id);
  if ((*sweep)->record.state != SweepState::kRunning) return Refusal(**sweep, "paused");
  return Done(command.id, {SweepStateChanged{command.id, SweepState::kPaused, "", nullptr, now.wall}});
}

absl::StatusOr<Decision> DecideOne(const State& state, const ResumeSweep& command, Now now) {
  const absl::StatusOr<const SweepEntry*> sweep = Find(state, command.id);
  if (!sweep.ok()) return sweep.status();
  if ((*sweep)->record.state == SweepState::kRunning) return Done(command.id);
  if ((*sweep)->record.state != SweepState::kPaused) return Refusal(**sweep, "resumed");
  return Done(command.id, {SweepStateChanged{command.id, SweepState::kRunning, "", nullptr, now.wall}});
}

absl::StatusOr<Decision> DecideOne(const State& state, const CancelSweep& command, Now now) {
  const absl::StatusOr<const SweepEntry*> found = Find(state, command.id);
  if (!found.ok()) return found.status();
  const SweepEntry& sweep = **found;
  if (sweep.record.state == SweepState::kCancelled) return Done(command.id);
  if (!sweep.live()) return Refusal(sweep, "cancelled");

  std::vector<Event> events;
  const auto cancel = [&](uint64_t index) -> TrialFinished& {
    TrialFinished end;
    end.key = {command.id, index};
    end.state = TrialState::kCancelled;
    end.message = "the sweep was cancelled";
    end.at = now.wall;
    return std::get<TrialFinished>(events.emplace_back(std::move(end)));
  };
  for (const auto& [index, trial] : sweep.running) {
    TrialFinished& end = cancel(index);
    end.attempt = trial.attempt;
    end.next_sequence = trial.next_sequence;
    end.worker = trial.worker;
  }
  for (const auto& [index, trial] : sweep.queued) cancel(index);
  const uint64_t never_leased = sweep.record.counts.pending - sweep.queued.size();
  if (never_leased > 0) events.push_back(PendingCancelled{command.id, never_leased});
  events.push_back(SweepStateChanged{command.id, SweepState::kCancelled, "", nullptr, now.wall});
  return Done(command.id, std::move(events));
}

absl::StatusOr<Decision> DecideOne(const State& state, const RetrySweep& command, Now now) {
  const absl::StatusOr<const SweepEntry*> found = Find(state, command.id);
  if (!found.ok()) return found.status();
  const SweepEntry& sweep = **found;
  if (sweep.record.state == SweepState::kCancelled) return Refusal(sweep, "retried");

  // What the store has as FAILED, corrected by what the store does not know yet.
  std::map<uint64_t, uint32_t> failed;
  for (const RetrySweep::Failed& trial : command.failed) {
    if (sweep.queued.contains(trial.index) || sweep.running.contains(trial.index)) continue;
    failed[trial.index] = trial.attempts;
  }
  const std::map<TrialKey, FinishedTrial>& finished = state.finished();
  for (auto end = finished.lower_bound({command.id, 0}); end != finished.end() && end->first.sweep == command.id;
       ++end) {
    if (end->second.state == TrialState::kFailed) {
      failed[end->first.index] = end->second.attempt;
    } else {
      failed.erase(end->first.index);
    }
  }

  std::vector<Event> events;
  for (const auto& [index, attempts] : failed) events.push_back(TrialRetried{{command.id, index}, attempts, now.wall});
  Blames blames(state, now);
  blames.Retried(command.id, failed);
  blames.AddEvents(&events);
  const TrialCounts& counts = sweep.record.counts;
  if (!sweep.live() && counts.pending + counts.running + failed.size() > 0) {
    const auto& definition = sweep.record.definition ? sweep.record.definition : command.definition;
    if (definition == nullptr) return absl::InternalError("the definition of an ended sweep was not loaded");
    events.push_back(SweepStateChanged{command.id, SweepState::kRunning, "", definition, now.wall});
  }
  return Done(command.id, std::move(events), failed.size());
}

absl::StatusOr<Decision> DecideOne(const State& state, const DeleteSweep& command, Now now) {
  const absl::StatusOr<const SweepEntry*> sweep = Find(state, command.id);
  if (!sweep.ok()) return sweep.status();
  if ((*sweep)->live()) return Refusal(**sweep, "removed; cancel it first");
  return Done(command.id, {SweepDeleted{command.id, now.wall}});
}

}  // namespace basin::server::core
