#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/runtime/coordinator.h"
#include "server/runtime/log.h"
#include "tests/server/runtime/fake_clock.h"
#include "tests/server/runtime/gated_store.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::runtime {

using Answer = std::future<absl::StatusOr<core::Reply>>;

inline bool IsReady(const Answer& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

// A coordinator with a lease of 30 s, a store in memory and a clock that the test moves.
class CoordinatorTest : public testing::Test {
 protected:
  // Threads that wait on the clock: the loop and the board's.
  static constexpr size_t kThreads = 2;

  CoordinatorTest() {
    StartLogging(LogFormat::kText, LogLevel::kOff);
    options_.on_fatal = [this](const absl::Status& status) { fatal_.push_back(status); };
  }

  // With what the store holds. Called by the first use.
  Coordinator& coordinator() {
    if (coordinator_ == nullptr) coordinator_ = *Coordinator::Start(options_, &store_, &clock_, &board_);
    return *coordinator_;
  }
  void Restart() {
    coordinator_.reset();
    coordinator();
  }

  static ReplyCallback Into(Answer* answer) {
    auto promise = std::make_shared<std::promise<absl::StatusOr<core::Reply>>>();
    *answer = promise->get_future();
    return [promise](absl::StatusOr<core::Reply> reply) { promise->set_value(std::move(reply)); };
  }
  Answer Send(core::Command command) {
    Answer answer;
    ReplyCallback done = Into(&answer);
    coordinator().Submit(std::move(command), std::move(done));
    return answer;
  }
  absl::StatusOr<core::Reply> Do(core::Command command) { return Send(std::move(command)).get(); }

  static core::CreateSweep NewSweep(const tests::SweepBuilder& sweep = tests::SweepBuilder(),
                                    const std::string& request_id = "") {
    core::CreateSweep command;
    command.definition = sweep.Build();
    command.request_id = request_id;
    command.spec_digest = command.definition->spec.SerializeAsString();
    return command;
  }
  core::SweepId Create(const tests::SweepBuilder& sweep = tests::SweepBuilder()) {
    return std::get<core::SweepReply>(*Do(NewSweep(sweep))).id;
  }
  // One trial with one attempt, of a spec that can be read back from the store.
  core::SweepId CreateSingleTrial() {
    v1::SweepSpec spec;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(name: "single"
             objective { minimize: "val_loss" }
             seeds { count: 1 }
             limits { max_attempts: 1 }
             base {
               train {
                 dataset { name: "digits" }
                 model { softmax_regression {} }
                 epochs: 1
                 batch_size: 32
                 learning_rate: 0.1
               }
             })pb",
        &spec));
    core::CreateSweep command;
    command.definition = *core::SweepDefinition::Create(std::move(spec));
    return std::get<core::SweepReply>(*Do(command)).id;
  }
  core::WorkerId Register(const std::string& name, uint32_t slots = 1) {
    core::RegisterWorker command;
    command.description = tests::Description(name, slots);
    return std::get<core::WorkerReply>(*Do(command)).id;
  }

  static core::LeaseTrials LeaseCommand(const core::WorkerId& worker, uint32_t max_trials = 1) {
    return {.worker = worker, .max_trials = max_trials, .request_id = ""};
  }
  std::vector<core::LeaseReply::Lease> Lease(const core::WorkerId& worker, uint32_t max_trials = 1) {
    return std::get<core::LeaseReply>(*Do(LeaseCommand(worker, max_trials))).leases;
  }
  // A call that waits, and that the loop has seen.
  Answer Poll(const core::WorkerId& worker, core::MonoTime wait = std::chrono::seconds(60), uint64_t* call = nullptr) {
    Answer answer;
    ReplyCallback done = Into(&answer);
    const uint64_t number = coordinator().Lease(LeaseCommand(worker), wait, std::move(done));
    if (call != nullptr) *call = number;
    Settle();
    return answer;
  }
  // Until the loop has handled, and answered, all that was sent before.
  void Settle() { Do(core::PauseSweep{.id = "none"}).IgnoreError(); }

  static core::TrialReport ReportOf(const core::LeaseReply::Lease& lease) {
    core::TrialReport report;
    report.key = lease.key;
    report.attempt = lease.attempt;
    return report;
  }
  static core::TrialReport Success(const core::LeaseReply::Lease& lease, const std::string& digest = "aa") {
    core::TrialReport report = ReportOf(lease);
    report.points = {tests::LossAt(1, 0.5)};
    report.outcome.emplace();
    report.outcome->kind = core::OutcomeKind::kSucceeded;
    report.outcome->weights_digest = digest;
    return report;
  }
  core::ReportReply::Result Report(const core::WorkerId& worker, core::TrialReport trial) {
    return std::get<core::ReportReply>(*Do(core::Report{.worker = worker, .trials = {std::move(trial)}})).results[0];
  }
  v1::TrialCounts Counts(const core::SweepId& sweep) { return board_.GetSweep(sweep)->trials(); }

  FakeClock clock_;
  GatedStore store_;
  StatusBoard board_{&clock_};
  CoordinatorOptions options_;
  std::vector<absl::Status> fatal_;
  std::unique_ptr<Coordinator> coordinator_;
};

}  // namespace basin::server::runtime
