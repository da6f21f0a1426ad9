// Whose calls and attempts are taken for what.

#include "tests/simulation/mutant_edits.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

namespace {

// The first report of a trial that another attempt runs, if `wanted`, is taken for one of that attempt.
template <typename Wanted>
void TakeForTheOpenAttempt(const State& state, Command* command, Wanted wanted) {
  auto* report = std::get_if<Report>(command);
  if (report == nullptr) return;
  for (TrialReport& trial : report->trials) {
    const RunningTrial* running = state.FindRunning(trial.key);
    if (running == nullptr || !wanted(*running, trial)) continue;
    trial.attempt = running->attempt;
    report->worker = running->worker;
    return;  // The command has one worker.
  }
}

// Numbers what is told anew, if `wanted`.
template <typename Wanted>
void NumberAnew(const State& state, Command* command, Wanted wanted) {
  auto* report = std::get_if<Report>(command);
  if (report == nullptr) return;
  for (TrialReport& trial : report->trials) {
    const RunningTrial* running = state.FindRunning(trial.key);
    if (running != nullptr && !trial.points.empty() && wanted(trial.first_sequence, running->next_sequence)) {
      trial.first_sequence = running->next_sequence;
    }
  }
}

// Any outcome of a trial that has ended is answered OK.
void AcceptEveryOutcome(const State& state, const Command& command, Decision* decision) {
  const auto* report = std::get_if<Report>(&command);
  if (report == nullptr) return;
  auto& results = std::get<ReportReply>(decision->reply).results;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!report->trials[i].outcome || state.FindRunning(report->trials[i].key) != nullptr) continue;
    results[i].status = absl::OkStatus();
    results[i].directive = Directive::kContinue;
  }
}

void RefuseRepeatedOutcomes(const State& state, const Command& command, Decision* decision) {
  const auto* report = std::get_if<Report>(&command);
  if (report == nullptr) return;
  auto& results = std::get<ReportReply>(decision->reply).results;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!report->trials[i].outcome || state.FindRunning(report->trials[i].key) != nullptr) continue;
    results[i].status = absl::AbortedError("unknown");
    results[i].directive = Directive::kLost;
  }
}

}  // namespace

std::vector<Mutant> FencingMutants() {
  std::vector<Mutant> mutants;
  Add(&mutants, "no-attempt-check", "a report of any attempt is taken for one of the open attempt").before =
      [](const State& state, Command* command) {
        TakeForTheOpenAttempt(state, command, [](const RunningTrial& running, const TrialReport& trial) {
          return running.attempt != trial.attempt;
        });
      };
  Add(&mutants, "no-worker-check", "the open attempt is ended by a worker that does not run it").before =
      [](const State& state, Command* command) {
        TakeForTheOpenAttempt(state, command, [command](const RunningTrial& running, const TrialReport& trial) {
          return running.attempt == trial.attempt && running.worker != std::get<Report>(*command).worker;
        });
      };
  Add(&mutants, "expiry-without-fencing", "the attempt after one that expired has its number").after =
      [](const State&, const Command&, Decision* decision) {
        ForEach<TrialLeased>(&decision->events, [](TrialLeased& event) { event.attempt -= event.attempt > 1 ? 1 : 0; });
      };
  Add(&mutants, "duplicate-points", "points that were told before are taken for new ones").before =
      [](const State& state, Command* command) {
        NumberAnew(state, command, [](uint64_t first, uint64_t next) { return first < next; });
      };
  Add(&mutants, "gap-in-points", "points are taken although those before them are missing").before =
      [](const State& state, Command* command) {
        NumberAnew(state, command, [](uint64_t first, uint64_t next) { return first > next; });
      };
  Add(&mutants, "every-outcome-is-accepted", "another outcome of a trial that has ended is answered OK").after =
      AcceptEveryOutcome;
  Add(&mutants, "repeated-outcome-is-refused", "the accepted outcome is not recognized when it is repeated").after =
      RefuseRepeatedOutcomes;
  Add(&mutants, "two-leases-for-one-trial", "a trial that a worker runs is leased to another one too").after =
      [](const State& state, const Command& command, Decision* decision) {
        const auto* asked = std::get_if<LeaseTrials>(&command);
        if (asked == nullptr) return;
        for (const auto& [id, worker] : state.workers()) {
          if (id == asked->worker || worker.running.empty()) continue;
          const TrialKey& key = *worker.running.begin();
          const RunningTrial& running = *state.FindRunning(key);
          std::get<LeaseReply>(decision->reply)
              .leases.push_back({key, running.attempt, running.config, running.seed,
                                 state.FindSweep(key.sweep)->record.definition, std::nullopt, std::nullopt});
          return;
        }
      };
  Add(&mutants, "checkpoint-without-its-points", "a checkpoint is taken before the points that were told before it")
      .before = [](const State& state, Command* command) {
    auto* checkpoint = std::get_if<AddCheckpoint>(command);
    if (checkpoint == nullptr) return;
    if (const RunningTrial* running = state.FindRunning(checkpoint->key)) {
      checkpoint->next_sequence = running->next_sequence;
    }
  };
  Mutant& stale = Add(&mutants, "checkpoint-of-a-lost-attempt", "a checkpoint of a lost attempt is taken");
  stale.seeds = 400;
  stale.before = [](const State& state, Command* command) {
    auto* checkpoint = std::get_if<AddCheckpoint>(command);
    if (checkpoint == nullptr) return;
    const RunningTrial* running = state.FindRunning(checkpoint->key);
    if (running == nullptr || running->attempt == checkpoint->attempt) return;
    checkpoint->attempt = running->attempt;
    checkpoint->worker = running->worker;
    checkpoint->next_sequence = running->next_sequence;
  };
  Add(&mutants, "points-of-a-lost-attempt-count",
      "the next attempt goes on after the last point, not after the checkpoint")
      .after = [](const State&, const Command&, Decision* decision) {
    ForEach<TrialLeased>(&decision->events, [](TrialLeased& event) {
      if (event.from) event.from->progress.next_sequence += 1;
    });
  };
  Add(&mutants, "request-id-is-ignored", "a sweep that is submitted again is created again").before =
      [](const State&, Command* command) {
        if (auto* create = std::get_if<CreateSweep>(command)) {
          create->request_id.clear();
          create->stored.reset();
        }
      };
  return mutants;
}

}  // namespace basin::tests::simulation
