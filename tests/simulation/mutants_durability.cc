// What is told before it is on disk, or not stored, or not read again.

#include <algorithm>

#include "tests/simulation/mutant_edits.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.

std::vector<Mutant> DurabilityMutants() {
  std::vector<Mutant> mutants;
  Add(&mutants, "reply-before-commit", "callers are answered before the commit").reply_before_commit = true;
  Add(&mutants, "commit-loses-points", "the last point of a commit is not stored").commit =
      [](std::vector<Event>* events) {
        const auto last = std::find_if(events->rbegin(), events->rend(), [](const Event& event) {
          return std::holds_alternative<PointsAppended>(event);
        });
        if (last != events->rend()) std::get<PointsAppended>(*last).points.pop_back();
      };
  Add(&mutants, "commit-loses-leases", "a lease is not stored").commit = [](std::vector<Event>* events) {
    if (events->size() == 1) EraseEvents<TrialLeased>(events);
  };
  Add(&mutants, "commit-loses-checkpoints", "a checkpoint is not stored").commit = [](std::vector<Event>* events) {
    EraseEvents<CheckpointAdded>(events);
  };
  Add(&mutants, "restart-forgets-attempts", "after a restart the attempts of waiting trials begin at one again")
      .restore = [](Snapshot* snapshot) {
    for (QueuedTrial& trial : snapshot->queued) trial.attempts = 0;
  };
  Add(&mutants, "restart-forgets-failures", "after a restart the failures of waiting trials are forgotten").restore =
      [](Snapshot* snapshot) {
        for (QueuedTrial& trial : snapshot->queued) trial.failures = 0;
      };
  Add(&mutants, "restart-forgets-checkpoints", "after a restart waiting trials begin at the start").restore =
      [](Snapshot* snapshot) {
        for (QueuedTrial& trial : snapshot->queued) trial.checkpoints.clear();
      };
  Add(&mutants, "restart-forgets-running-trials", "after a restart a trial that runs is waiting").restore =
      [](Snapshot* snapshot) {
        for (const OpenTrial& open : snapshot->open) {
          snapshot->queued.push_back({open.key, open.attempt, open.failures, open.checkpoints});
        }
        for (SweepRecord& sweep : snapshot->sweeps) {
          sweep.counts.pending += sweep.counts.running;
          sweep.counts.running = 0;
        }
        snapshot->open.clear();
      };
  return mutants;
}

}  // namespace basin::tests::simulation
