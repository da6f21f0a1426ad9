#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/core/command.h"
#include "server/core/event.h"
#include "server/core/state.h"

namespace basin::tests::simulation {

// Sees what became durable and what callers were told, and judges it by rules of its own (RELIABILITY's invariants):
//   I1  what a caller is told is durable by then
//   I2  a trial has at most one accepted end
//   I3  an attempt is durable before it is leased; a stale one changes nothing
//   I4  once faults have stopped, every trial ends (asked by the world through Unfinished)
//   I5  points are those of the attempt, in order, each once
//   I6  an attempt goes on from the newest checkpoint, and only from one whose points are all there
//   I7  a sweep ends with exactly its number of trials
//   I8  a lease ends only when its worker was silent for its term, whatever clocks and processes did
//   I9  of a sweep that keeps the weights of its best trial, these stay after each commit, and no others
// and that a worker gets only what it can run, as much as it has slots for, and nothing once it is told to drain.
class Checker {
 public:
  void OnCommit(const std::vector<server::core::Event>& events);
  // The state in memory, right after a commit or a restart: it must be what the durable events give.
  void OnState(const server::core::State& state);

  // What callers were told.
  void OnLeased(const server::core::WorkerId& worker, const server::core::TrialKey& key, uint32_t attempt);
  void OnPointsAccepted(const server::core::TrialKey& key, uint32_t attempt, uint64_t next_sequence);
  void OnOutcomeAccepted(const server::core::TrialKey& key, uint32_t attempt, const server::core::Outcome& outcome);
  void OnOutcomeRefused(const server::core::TrialKey& key, uint32_t attempt, const server::core::Outcome& outcome);
  void OnCheckpointAccepted(const server::core::TrialKey& key, uint32_t attempt, uint64_t points);
  void OnCreated(const std::string& request_id, const server::core::SweepId& id);
  void OnCancelled(const server::core::SweepId& id);

  // What the coordinator decided, in the time in which its process did not stand still: a sign of life of the trial's
  // open attempt, its end for lack of any, and a start from the disk, which gives every lease a fresh term.
  void OnHeard(const server::core::TrialKey& key, server::core::MonoTime awake) { heard_[key] = awake; }
  void OnExpired(const server::core::TrialKey& key, server::core::MonoTime awake);
  void OnRestored(server::core::MonoTime awake) { restored_ = awake; }

  void Fail(const std::string& violation) {
    if (!violation_) violation_ = violation;
  }
  const std::optional<std::string>& violation() const { return violation_; }

  // What has not ended; empty if everything has, as it should.
  std::string Unfinished() const;
  // I7, at the end of a run.
  void CheckTotals();

  struct Trial {
    bool running = false;
    bool ended = false;
    server::core::TrialState state = server::core::TrialState::kPending;
    uint32_t attempt = 0;
    uint32_t failures = 0;
    server::core::WorkerId worker;
    uint64_t next_sequence = 0;
    std::string outcome;  // Identity of the accepted one.
    std::vector<server::core::Checkpoint> checkpoints;
    std::map<uint32_t, uint64_t> points;  // How many, by attempt.
    bool reused = false;
    std::optional<double> objective;
    bool ended_with_weights = false;  // Each attempt is taken to have uploaded them before its result.
    bool has_weights = false;
  };
  struct Sweep {
    std::shared_ptr<const server::core::SweepDefinition> definition;
    server::core::SweepState state = server::core::SweepState::kRunning;
    std::map<uint64_t, Trial> trials;
    server::core::SweepPins pins;
    uint64_t never_leased_cancelled = 0;
  };
  struct Worker {
    server::core::WorkerDescription description;
    server::core::WorkerState state = server::core::WorkerState::kConnected;
    std::set<server::core::TrialKey> running;
  };
  const std::map<server::core::SweepId, Sweep>& sweeps() const { return sweeps_; }
  const std::map<server::core::WorkerId, Worker>& workers() const { return workers_; }
  uint64_t commits() const { return commits_; }
  uint64_t attempts() const { return attempts_; }
  uint64_t results() const { return results_; }
  uint64_t requeued() const { return requeued_; }
  uint64_t reused() const { return reused_; }

 private:
  class Follower;
  static bool Live(server::core::SweepState state) {
    return state == server::core::SweepState::kRunning || state == server::core::SweepState::kPaused;
  }
  void Expect(bool holds, const std::string& violation) {
    if (!holds) Fail(violation);
  }
  const Trial* Find(const server::core::TrialKey& key) const;
  void CheckKeptWeights();

  std::map<server::core::SweepId, Sweep> sweeps_;
  std::map<server::core::WorkerId, Worker> workers_;
  std::map<server::core::TrialKey, server::core::MonoTime> heard_;
  server::core::MonoTime restored_{};
  std::set<server::core::SweepId> deleted_;
  std::map<std::string, std::string> computed_;  // What a trial computed, and with what outcome, by its name.
  std::map<std::string, server::core::SweepId> requests_;
  std::optional<std::string> violation_;
  uint64_t commits_ = 0, attempts_ = 0, results_ = 0, requeued_ = 0, reused_ = 0;
};

}  // namespace basin::tests::simulation
