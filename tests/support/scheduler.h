#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/decide.h"
#include "server/core/state.h"

namespace basin::tests {

// The core as one caller sees it: decides and applies each command at once, and aborts when an invariant does not hold
// after it. Time stands still unless Advance is called. The lease is 30 s.
class Scheduler {
 public:
  explicit Scheduler(server::core::Settings settings = {});
  explicit Scheduler(server::core::State state);

  absl::StatusOr<server::core::Reply> Do(const server::core::Command& command);
  void Advance(double seconds);
  // As after a commit: the state forgets what the store now knows.
  void Commit() { state_.ForgetFinished(); }

  // Each aborts when the command is refused.
  void Create(const server::core::SweepId& id, std::shared_ptr<const server::core::SweepDefinition> definition);
  // A worker on engine-1 with `digits`.
  void Register(const server::core::WorkerId& id, uint32_t slots = 1);
  void Register(const server::core::WorkerId& id, server::core::WorkerDescription description);
  std::vector<server::core::LeaseReply::Lease> Lease(const server::core::WorkerId& worker, uint32_t max_trials = 1,
                                                     const std::string& request_id = "");
  server::core::ReportReply::Result Report(const server::core::WorkerId& worker, server::core::TrialReport report);
  // Reports a value of the objective's metric and success.
  server::core::ReportReply::Result Succeed(const server::core::WorkerId& worker, const server::core::TrialKey& key,
                                            uint32_t attempt, double objective = 0.5);
  server::core::ReportReply::Result End(const server::core::WorkerId& worker, const server::core::TrialKey& key,
                                        uint32_t attempt, server::core::OutcomeKind kind, std::string message = "");
  void Expire();

  const server::core::State& state() const { return state_; }
  const server::core::SweepRecord& sweep(const server::core::SweepId& id) const;
  server::core::WorkerState worker_state(const server::core::WorkerId& id) const;
  server::core::Now now() const { return now_; }
  // Of the last command.
  const std::vector<server::core::Event>& events() const { return events_; }
  template <typename E>
  std::vector<E> EventsOf() const {
    std::vector<E> found;
    for (const server::core::Event& event : events_) {
      if (const E* one = std::get_if<E>(&event)) found.push_back(*one);
    }
    return found;
  }

 private:
  server::core::State state_;
  server::core::Now now_{std::chrono::seconds(1000), std::chrono::seconds(1700000000)};
  std::vector<server::core::Event> events_;
};

server::core::WorkerDescription Description(const std::string& name, uint32_t slots = 1);
server::core::Point LossAt(uint64_t step, double value);

}  // namespace basin::tests
