#include "tests/simulation/mutants.h"

#include <algorithm>
#include <utility>

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

namespace {

// Each report that names a running trial is taken for one of its open attempt, by its own worker.
void ForgeAttempts(const State& state, Command* command) {
  auto* report = std::get_if<Report>(command);
  if (report == nullptr) return;
  for (TrialReport& trial : report->trials) {
    const RunningTrial* running = state.FindRunning(trial.key);
    if (running == nullptr || running->attempt == trial.attempt) continue;
    trial.attempt = running->attempt;
    report->worker = running->worker;
    return;  // The command has one worker.
  }
}

void ForgeSequences(const State& state, Command* command) {
  auto* report = std::get_if<Report>(command);
  if (report == nullptr) return;
  for (TrialReport& trial : report->trials) {
    const RunningTrial* running = state.FindRunning(trial.key);
    if (running != nullptr) trial.first_sequence = running->next_sequence;
  }
}

template <typename E>
void EraseEvents(std::vector<Event>* events) {
  std::erase_if(*events, [](const Event& event) { return std::holds_alternative<E>(event); });
}

template <typename E>
void ForEach(Decision* decision, const std::function<void(E&)>& change) {
  for (Event& event : decision->events) {
    if (E* one = std::get_if<E>(&event)) change(*one);
  }
}

std::vector<Mutant> Make() {
  std::vector<Mutant> mutants;
  const auto add = [&mutants](const char* name) -> Mutant& {
    mutants.emplace_back().name = name;
    return mutants.back();
  };

  add("no-attempt-check").before = ForgeAttempts;

  // The next attempt has the number of the one that expired, which therefore is not fenced off.
  add("expiry-without-fencing").after = [](const State&, const Command&, Decision* decision) {
    ForEach<TrialLeased>(decision, [](TrialLeased& event) { event.attempt -= event.attempt > 1 ? 1 : 0; });
  };

  add("reply-before-commit").reply_before_commit = true;

  add("no-sequence-check").before = ForgeSequences;

  add("expires-nothing").after = [](const State&, const Command& command, Decision* decision) {
    if (std::holds_alternative<ExpireLeases>(command)) decision->events.clear();
  };

  add("failures-are-not-counted").after = [](const State&, const Command&, Decision* decision) {
    ForEach<TrialRequeued>(decision, [](TrialRequeued& event) { event.failures = 0; });
  };

  // A heartbeat renews every lease of its worker, also of trials that the worker knows nothing of.
  add("renews-unnamed-trials").after = [](const State& state, const Command& command, Decision* decision) {
    if (!std::holds_alternative<Report>(command)) return;
    ForEach<LeasesRenewed>(decision, [&state, decision](LeasesRenewed& renewed) {
      const WorkerEntry* worker = state.FindWorker(renewed.worker);
      renewed.trials.assign(worker->running.begin(), worker->running.end());
      std::erase_if(renewed.trials, [decision](const TrialKey& key) {
        return std::ranges::any_of(decision->events, [&key](const Event& event) {
          const auto* finished = std::get_if<TrialFinished>(&event);
          const auto* requeued = std::get_if<TrialRequeued>(&event);
          return (finished && finished->key == key) || (requeued && requeued->key == key);
        });
      });
    });
  };

  // Any outcome of a trial that has ended is answered OK.
  add("every-outcome-is-accepted").after = [](const State& state, const Command& command, Decision* decision) {
    const auto* report = std::get_if<Report>(&command);
    if (report == nullptr) return;
    auto& results = std::get<ReportReply>(decision->reply).results;
    for (size_t i = 0; i < results.size(); ++i) {
      if (!report->trials[i].outcome || state.FindRunning(report->trials[i].key) != nullptr) continue;
      results[i].status = absl::OkStatus();
      results[i].directive = Directive::kContinue;
    }
  };

  add("cancel-forgets-never-leased").after = [](const State&, const Command&, Decision* decision) {
    EraseEvents<PendingCancelled>(&decision->events);
  };

  add("sweep-finishes-early").after = [](const State& state, const Command&, Decision* decision) {
    std::vector<Event> more;
    ForEach<TrialFinished>(decision, [&](TrialFinished& event) {
      const SweepEntry& sweep = *state.FindSweep(event.key.sweep);
      if (!sweep.live() || sweep.record.counts.pending + sweep.record.counts.running != 2) return;
      more.push_back(SweepStateChanged{event.key.sweep, SweepState::kFinished, "", nullptr, event.at});
    });
    if (more.size() == 1) decision->events.push_back(more[0]);
  };

  // Results of other seeds are taken over.
  add("reuse-ignores-the-seed").after = [](const State&, const Command&, Decision* decision) {
    auto* lease = std::get_if<LeaseReply>(&decision->reply);
    if (lease == nullptr) return;
    for (auto& [key, computation] : lease->look_up) computation.seed = 0;
  };

  add("commit-loses-its-last-points").commit = [](std::vector<Event>* events) {
    const auto last = std::find_if(events->rbegin(), events->rend(),
                                   [](const Event& event) { return std::holds_alternative<PointsAppended>(event); });
    if (last != events->rend()) std::get<PointsAppended>(*last).points.pop_back();
  };

  add("commit-loses-leases").commit = [](std::vector<Event>* events) {
    if (events->size() == 1) EraseEvents<TrialLeased>(events);
  };
  return mutants;
}

}  // namespace

const std::vector<Mutant>& AllMutants() {
  static const auto& mutants = *new std::vector<Mutant>(Make());
  return mutants;
}

const Mutant* FindMutant(const std::string& name) {
  for (const Mutant& mutant : AllMutants()) {
    if (mutant.name == name) return &mutant;
  }
  return nullptr;
}

}  // namespace basin::tests::simulation
