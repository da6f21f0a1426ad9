#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/core/state.h"

// When a worker is set aside, because what it runs fails: from then on it gets no trial that another worker could run,
// for a pause, or until it registers anew.
//
// A trial counts against the worker on which it failed when that may be the worker's fault (it reported an error, or
// the attempt went beyond its time limit), when it has failed on no other worker, when another worker could run it, and
// when it will be tried again or its sweep has a result: else nobody can tell whose fault it is. If it then fails
// elsewhere too, or is found invalid, it was the trial's, and no longer counts; nor does it once a user has it retried.
// Three trials with no result of the worker between them set it aside, and when a pause is over, each further one does;
// a result clears everything. The pause doubles each time. So a sweep whose every trial fails sets nobody aside for
// long, and a worker that nobody can stand in for is never set aside at all.
namespace basin::server::core {

inline constexpr size_t kTrialsToSetAside = 3;
inline constexpr MonoTime kFirstPause = std::chrono::minutes(1);
inline constexpr MonoTime kLongestPause = std::chrono::hours(1);
// So long a trial that failed waits for another worker than the one on which it did, if one could run it.
inline constexpr MonoTime kElsewhereFirst = std::chrono::minutes(1);

bool IsSetAside(const WorkerEntry& worker, MonoTime now);

// Collects what the ends of attempts within one command say about their workers.
class Blames {
 public:
  // The state must outlive this object.
  Blames(const State& state, Now now) : state_(state), now_(now) {}

  // An open attempt failed. `perhaps_its_worker`: it may be the worker's fault.
  void Failed(const TrialKey& key, const RunningTrial& trial, bool perhaps_its_worker, const std::string& message);
  // It ended as one that nobody can run.
  void Invalid(const TrialKey& key, const RunningTrial& trial);
  // Trials of the sweep that have ended are tried again.
  void Retried(const SweepId& sweep, const std::map<uint64_t, uint32_t>& attempts_of);
  // It ended with a result.
  void Succeeded(const RunningTrial& trial);

  // Call once, last.
  void AddEvents(std::vector<Event>* events) const;

 private:
  // What this command leaves of the worker's; null if the worker is not known.
  Blame* Find(const WorkerId& id);
  void Acquit(const WorkerId& id, const TrialKey& key);

  const State& state_;
  const Now now_;
  std::map<WorkerId, Blame> changed_;
  std::set<WorkerId> set_aside_;
};

}  // namespace basin::server::core
