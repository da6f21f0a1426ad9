// Trials that a worker takes beyond its slots.
#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/agent/agent_fixture.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

// An agent with one slot.
class AgentAheadTest : public AgentFixture {
 protected:
  AgentAheadTest() : AgentFixture(1) {}

  void Start(std::function<job::JobResult(uint64_t seed, const job::JobContext&)> job) {
    RunJobs(std::move(job));
    AgentFixture::Start();
  }
  // The trial itself, until it is to stop.
  job::JobResult RunUntilStopped(const job::JobContext& context) {
    while (!context.control->stopped()) std::this_thread::yield();
    return {job::JobOutcome::kStopped, "", "", ""};
  }
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
