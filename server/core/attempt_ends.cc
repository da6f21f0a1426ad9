#include "server/core/attempt_ends.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::server::core {

TrialFinished& AttemptEnds::Finish(const TrialKey& key, const RunningTrial& trial, TrialState state,
                                   std::string message) {
  ++changes_[key.sweep].finished;
  TrialFinished end;
  end.key = key;
  end.attempt = trial.attempt;
  end.state = state;
  end.message = std::move(message);
  end.next_sequence = trial.next_sequence;
  end.worker = trial.worker;
  end.at = now_.wall;
  return std::get<TrialFinished>(events_->emplace_back(std::move(end)));
}

void AttemptEnds::Result(const TrialKey& key, const RunningTrial& trial, TrialState state,
                         std::optional<double> objective, std::string message, const Outcome& outcome) {
  TrialFinished& end = Finish(key, trial, state, std::move(message));
  end.objective = objective;
  end.metrics = trial.last;
  end.outcome = outcome;
  blames_.Succeeded(trial);
  KeepBest(key, objective);
}

void AttemptEnds::KeepBest(const TrialKey& key, const std::optional<double>& objective) {
  const SweepRecord& sweep = state_.FindSweep(key.sweep)->record;
  if (sweep.definition->spec.keep().weights() != v1::Keep::WEIGHTS_BEST) return;
  std::optional<BestTrials>& best = changes_[key.sweep].best;
  if (!best) best = BestTrials::Of(sweep);
  if (const auto other = best->Add(key.index, objective)) events_->push_back(WeightsDropped{{key.sweep, *other}});
}

void AttemptEnds::Failure(const TrialKey& key, const RunningTrial& trial, const std::string& message,
                          bool perhaps_its_worker, const std::optional<Outcome>& outcome) {
  blames_.Failed(key, trial, perhaps_its_worker, message);
  const uint32_t failures = trial.failures + 1;
  if (failures < state_.FindSweep(key.sweep)->record.definition->max_attempts) {
    events_->push_back(TrialRequeued{key, trial.attempt, failures, message, now_.wall, now_.mono});
    return;
  }
  const std::string all = failures == 1 ? message : absl::StrCat(failures, " attempts failed; the last one: ", message);
  Finish(key, trial, TrialState::kFailed, all).outcome = outcome;
}

void AttemptEnds::HandedBack(const TrialKey& key, const RunningTrial& trial, const std::string& message) {
  events_->push_back(TrialRequeued{key, trial.attempt, trial.failures, message, now_.wall, now_.mono});
}

void AttemptEnds::Invalid(const TrialKey& key, const RunningTrial& trial, const Outcome& outcome) {
  blames_.Invalid(key, trial);
  Finish(key, trial, TrialState::kFailed, outcome.message).outcome = outcome;
  std::string& invalid = changes_[key.sweep].invalid;
  if (invalid.empty()) invalid = absl::StrCat("trial ", key.index, " is invalid: ", outcome.message);
}

void AttemptEnds::Close() {
  blames_.AddEvents(events_);
  for (const auto& [id, change] : changes_) {
    const SweepEntry& sweep = *state_.FindSweep(id);
    if (!sweep.live()) continue;
    const TrialCounts& counts = sweep.record.counts;
    if (!change.invalid.empty()) {
      events_->push_back(SweepStateChanged{id, SweepState::kFailed, change.invalid, nullptr, now_.wall});
    } else if (counts.pending + counts.running == change.finished) {
      events_->push_back(SweepStateChanged{id, SweepState::kFinished, "", nullptr, now_.wall});
    }
  }
}

}  // namespace basin::server::core
