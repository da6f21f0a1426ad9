#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "server/core/best_trials.h"
#include "server/core/set_aside.h"
#include "server/core/state.h"

namespace basin::server::core {

// Collects the ends of attempts within one command, and what they mean for the trials and their sweeps.
class AttemptEnds {
 public:
  // Both must outlive this object.
  AttemptEnds(const State& state, Now now, std::vector<Event>* events)
      : state_(state), now_(now), events_(events), blames_(state, now) {}

  // `trial` is the open attempt with all points of this command added.
  void Result(const TrialKey& key, const RunningTrial& trial, TrialState state, std::optional<double> objective,
              std::string message, const Outcome& outcome);
  // Infrastructure failed: the trial runs again, or is FAILED when that was its last attempt. `perhaps_its_worker`: as
  // Blames has it. `outcome` is the worker's, if it said anything.
  void Failure(const TrialKey& key, const RunningTrial& trial, const std::string& message, bool perhaps_its_worker,
               const std::optional<Outcome>& outcome);
  void HandedBack(const TrialKey& key, const RunningTrial& trial, const std::string& message);
  // The workload is invalid: the trial is FAILED, and its sweep with it.
  void Invalid(const TrialKey& key, const RunningTrial& trial, const Outcome& outcome);

  // Ends the sweeps that now have, and sets workers aside. Call once, last.
  void Close();

 private:
  struct Change {
    uint64_t finished = 0;
    std::string invalid;             // Why the sweep FAILED; empty if it did not.
    std::optional<BestTrials> best;  // Once a trial of a sweep that keeps the best ones' weights has a result.
  };
  // What becomes of weights, if those of the best trials alone stay.
  void KeepBest(const TrialKey& key, const std::optional<double>& objective);
  TrialFinished& Finish(const TrialKey& key, const RunningTrial& trial, TrialState state, std::string message);

  const State& state_;
  const Now now_;
  std::vector<Event>* events_;
  std::map<SweepId, Change> changes_;
  Blames blames_;
};

}  // namespace basin::server::core
