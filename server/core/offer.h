#pragma once

#include <list>
#include <map>
#include <string>
#include <vector>

#include "server/core/best_trials.h"
#include "server/core/command.h"
#include "server/core/event.h"
#include "server/core/pending_trials.h"
#include "server/core/state.h"

namespace basin::server::core {

// A sweep that may have trials for a worker, and what one command has taken of it so far.
class Offer {
 public:
  // All must outlive the offer.
  Offer(const State& state, const SweepEntry& sweep, const WorkerEntry& worker, const LeaseTrials& command, Now now);

  // Priority first; then who has the least running; then who waits longest.
  bool operator<(const Offer& other) const;

  // One more trial; false when there is none for this worker, or it has to be known first whether trials have results
  // already (look_up). On the way to it, trials end whose results are known.
  bool Take();
  // What each of its trials adds to an answer.
  uint64_t workload_bytes() const { return Definition().workload_bytes; }

  // Whether a worker may hold its trials before it has a slot for them: nothing limits how many run at once, or how
  // long.
  bool MayWait() const { return Definition().max_parallel == 0 && !Definition().trial_time_limit; }

  // Whether what was taken has to be leased now: trials after it end with known results, and were it left behind them
  // for a later turn, the sweep would leave behind more than look_ahead allows.
  bool MustLease() const;

  // At most `most` trials of which that has to be known; empty unless Take had to stop for them.
  std::map<TrialKey, Computation> LookUps(size_t most);

  void AddEvents(MonoTime lease, bool leases, std::vector<Event>* events) const;

 private:
  const SweepDefinition& Definition() const { return *sweep_.record.definition; }
  uint64_t Running() const { return sweep_.running.size() + taken_.size(); }
  std::string DatasetOf(uint64_t index) const { return Definition().space->DatasetOf(Definition().ConfigOf(index)); }
  uint64_t SeedOf(uint64_t index) const;
  std::string DigestIfFirst(const QueuedTrial& trial) const;
  std::optional<QueuedTrial> Next();
  bool ShouldRunElsewhere(uint64_t index) const;
  bool CanRunElsewhere(const std::string& dataset);
  // What the trial would compute on this worker; nothing if another's result is none for it.
  std::optional<Computation> ComputationOf(const QueuedTrial& trial) const;

  const State& state_;
  const SweepEntry& sweep_;
  const WorkerEntry& entry_;
  const WorkerDescription& worker_;
  const LeaseTrials& command_;
  const Now now_;
  const SweepPins pins_;
  PendingTrials trials_;
  std::vector<QueuedTrial> taken_;
  std::vector<TrialReused> reused_;
  BestTrials best_;                        // With those.
  std::optional<QueuedTrial> unknown_;     // Take stopped at it.
  std::map<std::string, bool> elsewhere_;  // Whether another worker could run trials with the data set.
};

// Of all sweeps that may have trials for the worker that gives the command.
std::list<Offer> OffersTo(const State& state, const WorkerEntry& worker, const LeaseTrials& command, Now now);

}  // namespace basin::server::core
