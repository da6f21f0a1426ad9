// Who gets what, and when a sweep has ended.

#include <algorithm>
#include <set>

#include "tests/simulation/mutant_edits.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

namespace {

using Wanted = std::function<bool(const SweepEntry&, const WorkerEntry&)>;

// One more trial for the worker that asks, of the first sweep that is `wanted`, whatever forbids it.
void LeaseAnyway(const State& state, const Command& command, Decision* decision, const Wanted& wanted) {
  const auto* asked = std::get_if<LeaseTrials>(&command);
  if (asked == nullptr) return;
  const WorkerEntry& worker = *state.FindWorker(asked->worker);
  std::set<SweepId> served;
  MonoTime mono{}, until{};
  for (const Event& event : decision->events) {
    if (const auto* leased = std::get_if<TrialLeased>(&event)) served.insert(leased->key.sweep);
    if (const auto* renewed = std::get_if<LeasesRenewed>(&event)) {
      mono = renewed->mono;
      until = renewed->lease_until;
    }
  }
  for (const SweepId& id : state.live()) {
    const SweepEntry& sweep = *state.FindSweep(id);
    const SweepDefinition& definition = *sweep.record.definition;
    if (served.contains(id) || sweep.next_index >= definition.trials() || !wanted(sweep, worker)) continue;
    TrialLeased leased;
    leased.key = {id, sweep.next_index};
    leased.attempt = 1;
    leased.config = definition.ConfigOf(sweep.next_index);
    leased.worker = asked->worker;
    leased.mono = mono;
    leased.lease_until = until;
    std::get<LeaseReply>(decision->reply)
        .leases.push_back({leased.key, 1, leased.config, 0, sweep.record.definition, std::nullopt, std::nullopt});
    decision->events.push_back(std::move(leased));
    return;
  }
}

// Such cases are rare.
void AddLeasing(std::vector<Mutant>* mutants, const char* name, const char* defect, Wanted wanted) {
  Mutant& mutant = Add(mutants, name, defect);
  mutant.seeds = 200;
  mutant.after = [wanted = std::move(wanted)](const State& state, const Command& command, Decision* decision) {
    LeaseAnyway(state, command, decision, wanted);
  };
}

// As far as the next trial's data and the sweep's engine go, it may be.
bool FitsWorker(const SweepEntry& sweep, const WorkerEntry& worker) {
  const SweepDefinition& definition = *sweep.record.definition;
  const SweepPins& pins = sweep.record.pins;
  const WorkerDescription& has = worker.record.description;
  const auto pinned = pins.digests.find(definition.space->DatasetOf(definition.ConfigOf(sweep.next_index)));
  if (pinned == pins.digests.end()) return false;
  const auto had = has.datasets.find(pinned->first);
  return pins.engine_fingerprint == has.engine_fingerprint && had != has.datasets.end() && *had == *pinned;
}
bool Runs(const SweepEntry& sweep) { return sweep.record.state == SweepState::kRunning; }

void FinishEarly(const State& state, const Command&, Decision* decision) {
  std::vector<Event> more;
  ForEach<TrialFinished>(&decision->events, [&](TrialFinished& event) {
    const SweepEntry& sweep = *state.FindSweep(event.key.sweep);
    if (!sweep.live() || sweep.record.counts.pending + sweep.record.counts.running != 2) return;
    more.push_back(SweepStateChanged{event.key.sweep, SweepState::kFinished, "", nullptr, event.at});
  });
  if (more.size() == 1) decision->events.push_back(more[0]);
}

// A report of several trials drops nothing that ended in it.
void KeepAllOfTheSameReport(const State&, const Command&, Decision* decision) {
  std::set<TrialKey> ended;
  ForEach<TrialFinished>(&decision->events, [&ended](TrialFinished& event) { ended.insert(event.key); });
  if (ended.size() < 2) return;
  std::erase_if(decision->events, [&ended](const Event& event) {
    const auto* dropped = std::get_if<WeightsDropped>(&event);
    return dropped != nullptr && ended.contains(dropped->key);
  });
}

// A trial that has a result is retried with the failed ones.
void RetryOneMore(const State& state, Command* command) {
  auto* retry = std::get_if<RetrySweep>(command);
  const SweepEntry* sweep = retry == nullptr ? nullptr : state.FindSweep(retry->id);
  if (sweep == nullptr || sweep->record.counts.succeeded == 0 || !sweep->skipped.empty()) return;
  std::set<uint64_t> failed;
  for (const RetrySweep::Failed& trial : retry->failed) failed.insert(trial.index);
  for (uint64_t index = 0; index < sweep->next_index; ++index) {
    if (failed.contains(index) || sweep->queued.contains(index) || sweep->running.contains(index)) continue;
    retry->failed.push_back({index, 1});
    return;
  }
}

}  // namespace

std::vector<Mutant> SchedulingMutants() {
  std::vector<Mutant> mutants;
  AddLeasing(&mutants, "paused-sweep-is-leased", "a paused sweep goes on",
             [](const auto& sweep, const auto& worker) { return !Runs(sweep) && FitsWorker(sweep, worker); });
  AddLeasing(&mutants, "drain-is-ignored", "a worker that is to drain gets more",
             [](const auto& sweep, const auto& worker) {
               return worker.draining && Runs(sweep) && FitsWorker(sweep, worker);
             });
  AddLeasing(&mutants, "pinned-engine-is-ignored", "a sweep's trials run on different engines",
             [](const auto& sweep, const auto& worker) {
               const std::string& pinned = sweep.record.pins.engine_fingerprint;
               return Runs(sweep) && !pinned.empty() && pinned != worker.record.description.engine_fingerprint;
             });
  AddLeasing(&mutants, "slots-are-ignored", "a worker gets more than it has slots for",
             [](const auto& sweep, const auto& worker) {
               return worker.running.size() >= 2 * worker.record.description.slots && Runs(sweep) &&
                      FitsWorker(sweep, worker);
             });
  AddLeasing(&mutants, "limited-trials-wait-for-slots", "a trial with a limit of time is held without a slot",
             [](const auto& sweep, const auto& worker) {
               return worker.running.size() >= worker.record.description.slots &&
                      sweep.record.definition->trial_time_limit && Runs(sweep) && FitsWorker(sweep, worker);
             });
  AddLeasing(&mutants, "max-parallel-is-ignored", "more trials of a sweep run at once than it allows",
             [](const auto& sweep, const auto& worker) {
               const uint32_t most = sweep.record.definition->max_parallel;
               return most != 0 && sweep.running.size() >= most && Runs(sweep) && FitsWorker(sweep, worker);
             });
  Add(&mutants, "grid-is-one-short", "the last trial of a grid is never leased").after = [](const State& state,
                                                                                            const Command& command,
                                                                                            Decision* decision) {
    if (!std::holds_alternative<LeaseTrials>(command)) return;
    const auto last = [&state](const TrialKey& key) {
      return key.index + 1 == state.FindSweep(key.sweep)->record.definition->trials();
    };
    std::erase_if(decision->events, [&last](const Event& event) {
      const auto* leased = std::get_if<TrialLeased>(&event);
      return leased != nullptr && last(leased->key);
    });
    std::erase_if(std::get<LeaseReply>(decision->reply).leases, [&last](const auto& one) { return last(one.key); });
    ForEach<LeaseAnswered>(&decision->events, [&last](LeaseAnswered& answer) { std::erase_if(answer.trials, last); });
  };
  Add(&mutants, "grid-is-one-too-many", "a grid has a trial more than it should").after =
      [](const State& state, const Command&, Decision* decision) {
        ForEach<TrialLeased>(&decision->events, [&state](TrialLeased& event) {
          const SweepEntry& sweep = *state.FindSweep(event.key.sweep);
          const uint64_t trials = sweep.record.definition->trials();
          if (event.attempt == 1 && event.key.index + 1 == trials && sweep.next_index < trials) ++event.key.index;
        });
      };
  Add(&mutants, "former-best-keeps-its-weights", "the weights of a trial stay when a better one has ended").after =
      [](const State&, const Command&, Decision* decision) { EraseEvents<WeightsDropped>(&decision->events); };
  Add(&mutants, "best-among-old-trials", "of trials that end together each is compared with those before alone").after =
      KeepAllOfTheSameReport;
  Add(&mutants, "sweep-finishes-early", "a sweep has finished before its last trial").after = FinishEarly;
  Mutant& forgets = Add(&mutants, "cancel-forgets-never-leased", "a cancel leaves trials that were never leased");
  forgets.seeds = 100;
  forgets.after = [](const State&, const Command&, Decision* decision) {
    EraseEvents<PendingCancelled>(&decision->events);
  };
  Mutant& goes_on = Add(&mutants, "cancelled-sweep-goes-on", "a cancel is answered and does nothing");
  goes_on.seeds = 100;
  goes_on.after = [](const State&, const Command& command, Decision* decision) {
    if (std::holds_alternative<CancelSweep>(command)) decision->events.clear();
  };
  Add(&mutants, "retry-touches-results", "a trial that has a result is run again with the failed ones").before =
      RetryOneMore;
  Add(&mutants, "reuse-ignores-the-seed", "the result of another seed is taken over").after =
      [](const State&, const Command&, Decision* decision) {
        auto* lease = std::get_if<LeaseReply>(&decision->reply);
        if (lease == nullptr) return;
        for (auto& [key, computation] : lease->look_up) computation.seed = 0;
      };
  return mutants;
}

}  // namespace basin::tests::simulation
