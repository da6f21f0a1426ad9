// What becomes of leases, limits and failures.

#include <algorithm>

#include "tests/simulation/mutant_edits.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

namespace {

// A heartbeat renews every lease of its worker, also of trials that the worker knows nothing of.
void RenewAll(const State& state, const Command& command, Decision* decision) {
  if (!std::holds_alternative<Report>(command)) return;
  ForEach<LeasesRenewed>(&decision->events, [&state, decision](LeasesRenewed& renewed) {
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
}

bool IsLimit(const std::string& message) { return message.find("than its limit") != std::string::npos; }

}  // namespace

std::vector<Mutant> TimeMutants() {
  std::vector<Mutant> mutants;
  Add(&mutants, "expires-nothing", "no lease ends by itself").after = [](const State&, const Command& command,
                                                                         Decision* decision) {
    if (std::holds_alternative<ExpireLeases>(command)) decision->events.clear();
  };
  Add(&mutants, "time-limit-is-ignored", "an attempt that hangs may take for ever").after =
      [](const State&, const Command& command, Decision* decision) {
        if (!std::holds_alternative<ExpireLeases>(command)) return;
        std::erase_if(decision->events, [](const Event& event) {
          const auto* requeued = std::get_if<TrialRequeued>(&event);
          const auto* finished = std::get_if<TrialFinished>(&event);
          return (requeued && IsLimit(requeued->message)) || (finished && IsLimit(finished->message)) ||
                 std::holds_alternative<SweepStateChanged>(event);
        });
      };
  Mutant& renews = Add(&mutants, "renews-unnamed-trials", "a heartbeat renews leases that it does not name");
  renews.seeds = 400;
  renews.after = RenewAll;
  Mutant& stalls = Add(&mutants, "mass-expiry-after-a-stall", "the time in which the coordinator stood still counts");
  stalls.seeds = 100;
  stalls.before = [](const State&, Command* command) {
    if (auto* expire = std::get_if<ExpireLeases>(command)) expire->stalled = {};
  };
  Add(&mutants, "wall-clock-expires", "leases end by the wall clock").trusts_wall_clock = true;
  Add(&mutants, "failures-are-not-counted", "a trial that fails again and again is leased again and again").after =
      [](const State&, const Command&, Decision* decision) {
        ForEach<TrialRequeued>(&decision->events, [](TrialRequeued& event) { event.failures = 0; });
      };
  Add(&mutants, "failures-count-twice", "a failure counts for two").after = [](const State& state, const Command&,
                                                                               Decision* decision) {
    ForEach<TrialRequeued>(&decision->events, [&state](TrialRequeued& event) {
      const RunningTrial& running = *state.FindRunning(event.key);
      if (event.failures > running.failures) ++event.failures;
    });
  };
  Add(&mutants, "handed-back-is-a-failure", "a trial whose worker leaves has failed").after =
      [](const State& state, const Command& command, Decision* decision) {
        if (!std::holds_alternative<UnregisterWorker>(command)) return;
        ForEach<TrialRequeued>(&decision->events, [&state](TrialRequeued& event) {
          event.failures = state.FindSweep(event.key.sweep)->record.definition->max_attempts;
        });
      };
  return mutants;
}

}  // namespace basin::tests::simulation
