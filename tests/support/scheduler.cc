#include "tests/support/scheduler.h"

#include <cmath>
#include <iostream>
#include <utility>

#include "server/core/invariants.h"

namespace basin::tests {

using namespace server::core;  // NOLINT: the tests' own view of the core.

namespace {

template <typename T>
T Expect(absl::StatusOr<T> result) {
  if (!result.ok()) {
    std::cerr << "refused: " << result.status() << std::endl;
    std::abort();
  }
  return *std::move(result);
}

}  // namespace

Scheduler::Scheduler(Settings settings) : state_(settings) {}
Scheduler::Scheduler(State state) : state_(std::move(state)) {}

absl::StatusOr<Reply> Scheduler::Do(const Command& command) {
  events_.clear();
  absl::StatusOr<Decision> decision = Decide(state_, command, now_);
  if (!decision.ok()) return decision.status();
  events_ = std::move(decision->events);
  for (const Event& event : events_) state_.Apply(event);
  if (const absl::Status status = CheckInvariants(state_); !status.ok()) {
    std::cerr << status << std::endl;
    std::abort();
  }
  return std::move(decision->reply);
}

void Scheduler::Advance(double seconds) {
  const MonoTime step(std::llround(seconds * 1e9));
  now_.mono += step;
  now_.wall += step;
}

void Scheduler::Create(const SweepId& id, std::shared_ptr<const SweepDefinition> definition) {
  Expect(Do(CreateSweep{id, std::move(definition), "", "", std::nullopt}));
}

void Scheduler::Register(const WorkerId& id, uint32_t slots) { Register(id, Description(id, slots)); }

void Scheduler::Register(const WorkerId& id, WorkerDescription description) {
  Expect(Do(RegisterWorker{id, std::move(description)}));
}

std::vector<LeaseReply::Lease> Scheduler::Lease(const WorkerId& worker, uint32_t max_trials,
                                                const std::string& request_id) {
  return std::get<LeaseReply>(Expect(Do(LeaseTrials{worker, max_trials, request_id}))).leases;
}

ReportReply::Result Scheduler::Report(const WorkerId& worker, TrialReport report) {
  return std::get<ReportReply>(Expect(Do(server::core::Report{worker, {std::move(report)}}))).results.at(0);
}

ReportReply::Result Scheduler::Succeed(const WorkerId& worker, const TrialKey& key, uint32_t attempt,
                                       double objective) {
  TrialReport report{key, attempt, 0, {LossAt(1, objective)}, Outcome{}, std::nullopt};
  const SweepEntry* sweep = state_.FindSweep(key.sweep);
  if (sweep != nullptr && sweep->record.definition != nullptr) {
    report.points[0].name = sweep->record.definition->objective_metric;
  }
  report.outcome->kind = OutcomeKind::kSucceeded;
  return Report(worker, std::move(report));
}

ReportReply::Result Scheduler::End(const WorkerId& worker, const TrialKey& key, uint32_t attempt, OutcomeKind kind,
                                   std::string message) {
  TrialReport report{key, attempt, 0, {}, Outcome{}, std::nullopt};
  report.outcome->kind = kind;
  report.outcome->message = std::move(message);
  return Report(worker, std::move(report));
}

void Scheduler::Expire() { Expect(Do(ExpireLeases{})); }

const SweepRecord& Scheduler::sweep(const SweepId& id) const { return state_.FindSweep(id)->record; }

WorkerState Scheduler::worker_state(const WorkerId& id) const { return state_.FindWorker(id)->record.state; }

WorkerDescription Description(const std::string& name, uint32_t slots) {
  WorkerDescription description;
  description.name = name;
  description.version = "1";
  description.engine_fingerprint = "engine-1";
  description.slots = slots;
  description.datasets = {{"digits", "digest-1"}};
  return description;
}

Point LossAt(uint64_t step, double value) { return {"val_loss", step, value, static_cast<double>(step), step * 32}; }

}  // namespace basin::tests
