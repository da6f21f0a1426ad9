#include "server/core/set_aside.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/core/placement.h"

namespace basin::server::core {
namespace {

MonoTime Pause(uint32_t pauses) {
  constexpr uint32_t kMostDoublings = 16;
  return std::min(kLongestPause, kFirstPause * (1 << std::min(pauses - 1, kMostDoublings)));
}

std::string ReasonOf(const Blame& blame, const std::string& message) {
  constexpr size_t kShown = 5;
  std::vector<std::string> trials;
  for (const TrialKey& key : blame.trials) {
    if (trials.size() < kShown) trials.push_back(ToText(key));
  }
  return absl::StrCat(blame.trials.size(), " trials failed here and nowhere else, with no result between them (",
                      absl::StrJoin(trials, ", "), blame.trials.size() > kShown ? ", ..." : "",
                      "); the last one: ", message);
}

}  // namespace

bool IsSetAside(const WorkerEntry& worker, MonoTime now) { return worker.blame.until > now; }

Blame* Blames::Find(const WorkerId& id) {
  const auto changed = changed_.find(id);
  if (changed != changed_.end()) return &changed->second;
  const WorkerEntry* worker = state_.FindWorker(id);
  return worker == nullptr ? nullptr : &changed_.emplace(id, worker->blame).first->second;
}

void Blames::Acquit(const WorkerId& id, const TrialKey& key) {
  Blame* blame = Find(id);
  if (blame == nullptr || blame->trials.erase(key) == 0 || blame->until <= now_.mono) return;
  if (blame->trials.size() >= kTrialsToSetAside) return;
  --blame->pauses;
  blame->until = {};
  set_aside_.erase(id);
}

void Blames::Failed(const TrialKey& key, const RunningTrial& trial, bool perhaps_its_worker,
                    const std::string& message) {
  // After a restart nobody knows where it has failed before.
  const bool elsewhere = trial.failures > 0 && (trial.failed_on.several || trial.failed_on.last != trial.worker);
  if (elsewhere) {
    Acquit(trial.failed_on.last, key);
    Acquit(trial.worker, key);
    return;
  }
  Blame* blame = Find(trial.worker);
  if (!perhaps_its_worker || blame == nullptr) return;
  const SweepEntry& sweep = *state_.FindSweep(key.sweep);
  const SweepDefinition& definition = *sweep.record.definition;
  const bool is_last = trial.failures + 1 >= definition.max_attempts;
  if (is_last && sweep.record.counts.succeeded + sweep.record.counts.diverged == 0) return;
  const std::string dataset = definition.space->DatasetOf(trial.config);
  const WorkerDescription& worker = state_.FindWorker(trial.worker)->record.description;
  if (!AnotherCould(state_, worker, PinsInForce(sweep), dataset, now_.mono)) return;
  blame->trials.insert(key);
  if (blame->trials.size() < kTrialsToSetAside || blame->until > now_.mono) return;
  ++blame->pauses;
  blame->until = now_.mono + Pause(blame->pauses);
  blame->reason = ReasonOf(*blame, message);
  set_aside_.insert(trial.worker);
}

void Blames::Invalid(const TrialKey& key, const RunningTrial& trial) { Acquit(trial.failed_on.last, key); }

void Blames::Retried(const SweepId& sweep, const std::map<uint64_t, uint32_t>& attempts_of) {
  for (const auto& [id, worker] : state_.workers()) {
    for (const TrialKey& key : worker.blame.trials) {
      if (key.sweep == sweep && attempts_of.contains(key.index)) Acquit(id, key);
    }
  }
}

void Blames::Succeeded(const RunningTrial& trial) {
  const WorkerEntry* worker = state_.FindWorker(trial.worker);
  if (worker == nullptr || (worker->blame == Blame() && !changed_.contains(trial.worker))) return;
  changed_[trial.worker] = {};
  set_aside_.erase(trial.worker);
}

void Blames::AddEvents(std::vector<Event>* events) const {
  for (const auto& [id, blame] : changed_) {
    if (blame != state_.FindWorker(id)->blame) events->push_back(WorkerBlamed{id, blame});
  }
  for (const WorkerId& id : set_aside_) {
    events->push_back(WorkerSetAside{id, changed_.at(id).reason, now_.wall});
  }
}

}  // namespace basin::server::core
