// Trials that a worker takes beyond its slots.
#include <atomic>
#include <sstream>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/agent/fake_coordinator.h"
#include "worker/agent/agent.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

job::JobResult Success() { return {job::JobOutcome::kSucceeded, "", "weights", "data"}; }

// An agent with one slot.
class AgentAheadTest : public testing::Test {
 protected:
  AgentAheadTest() {
    options_.registration.set_name("tested");
    options_.registration.set_engine_fingerprint("engine");
    options_.registration.set_slots(1);
    options_.registration.set_threads_per_trial(1);
  }
  ~AgentAheadTest() override {
    if (!thread_.joinable()) return;
    agent_->Drain();
    thread_.join();
  }
  void Start(std::function<job::JobResult(uint64_t seed, const job::JobContext&)> job) {
    options_.run_job = [job = std::move(job)](const v1::Workload&, uint64_t seed, const job::JobContext& context) {
      return job(seed, context);
    };
    agent_ = std::make_unique<Agent>(options_, &coordinator_, &clock_, log_.get());
    thread_ = std::thread([this] { EXPECT_TRUE(agent_->Run().ok()); });
  }
  // The trial itself, until it is to stop.
  job::JobResult RunUntilStopped(const job::JobContext& context) {
    while (!context.control->stopped()) std::this_thread::yield();
    return {job::JobOutcome::kStopped, "", "", ""};
  }

  FakeCoordinator coordinator_;
  SystemClock clock_;
  std::ostringstream log_text_;
  std::unique_ptr<contract::EventLog> log_ =
      contract::EventLog::ToStream(&log_text_, "worker", contract::LogFormat::kText, contract::LogLevel::kDebug);
  AgentOptions options_;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
};

TEST_F(AgentAheadTest, AShortTrialIsFollowedByTheNextOneWithoutACall) {
  std::atomic<int> begun = 0;
  Start([&](uint64_t seed, const job::JobContext&) {
    ++begun;
    // The third one is here before the second one has ended, and the server goes.
    if (seed == 1) {
      EXPECT_TRUE(coordinator_.Await([&] { return coordinator_.leased_ == 3; }));
      coordinator_.GoAway();
    }
    coordinator_.Notify();
    return Success();
  });
  coordinator_.AddTrials(0, 3);
  EXPECT_TRUE(coordinator_.Await([&] { return begun == 3; }));
  coordinator_.ComeBack();
  EXPECT_TRUE(coordinator_.AwaitEnded(3));
  EXPECT_EQ(coordinator_.lease_calls_[0].ahead(), 0u) << "nothing is known of its trials yet";
}

TEST_F(AgentAheadTest, WhatFindsNoSlotSoonIsHandedBackAndNoMoreAskedFor) {
  Start(
      [&](uint64_t seed, const job::JobContext& context) { return seed == 1 ? RunUntilStopped(context) : Success(); });
  coordinator_.AddTrials(0, 3);
  ASSERT_TRUE(coordinator_.Await([&] { return coordinator_.ended_.contains(2); }));
  EXPECT_EQ(coordinator_.ended_.at(2).outcome.kind(), v1::TrialOutcome::KIND_RELEASED);
  EXPECT_FALSE(coordinator_.ended_.contains(1));
  EXPECT_TRUE(coordinator_.Await([&] { return coordinator_.lease_calls_.back().ahead() == 0; }));
  EXPECT_THAT(log_text_.str(), HasSubstr("no slot falls free soon"));
}

TEST_F(AgentAheadTest, AWorkerThatIsToLeaveFinishesWhatRunsAndHandsTheRestBack) {
  std::atomic<bool> runs = false, go = false;
  Start([&](uint64_t seed, const job::JobContext&) {
    if (seed == 1) {
      runs = true;
      coordinator_.Notify();
    }
    while (seed == 1 && !go) std::this_thread::yield();
    return Success();
  });
  coordinator_.AddTrials(0, 3);
  ASSERT_TRUE(coordinator_.Await([&] { return runs && coordinator_.leased_ == 3; }));
  coordinator_.AskToDrain();
  ASSERT_TRUE(coordinator_.Await([&] { return coordinator_.ended_.contains(2); }));
  go = true;
  thread_.join();
  EXPECT_EQ(coordinator_.ended_.at(2).outcome.kind(), v1::TrialOutcome::KIND_RELEASED);
  EXPECT_EQ(coordinator_.ended_.at(1).outcome.kind(), v1::TrialOutcome::KIND_SUCCEEDED);
}

}  // namespace
}  // namespace basin::worker::agent
