#include "worker/agent/agent.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/agent/agent_fixture.h"
#include "tests/worker/agent/fake_clock.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class AgentTest : public AgentFixture {
 protected:
  AgentTest() : AgentFixture(2) {}

  static void Report(const job::JobContext& context, int count, size_t name_bytes = 4) {
    for (int i = 0; i < count; ++i) {
      v1::MetricPoint point;
      point.set_name(std::string(name_bytes, 'm'));
      point.set_value(i);
      context.report({&point, 1});
    }
  }
  // A job that runs until it is told to stop.
  job::JobResult RunUntilStopped(const job::JobContext& context) {
    ++started_;
    coordinator_.Notify();
    while (!context.control->stopped()) std::this_thread::yield();
    ++stopped_;
    coordinator_.Notify();
    return {job::JobOutcome::kStopped, "", "", ""};
  }
  std::atomic<int> started_ = 0;
  std::atomic<int> stopped_ = 0;
};

TEST_F(AgentTest, RunsEveryTrialAndReportsItsPointsInOrder) {
  options_.run_job = [](const v1::Workload&, uint64_t seed, const job::JobContext& context) {
    Report(context, static_cast<int>(seed));
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 20);
  ASSERT_TRUE(coordinator_.AwaitEnded(20));
  Leave();
  EXPECT_TRUE(left_.ok()) << left_;
  for (const auto& [index, ended] : coordinator_.ended_) {
    EXPECT_EQ(ended.outcome.kind(), v1::TrialOutcome::KIND_SUCCEEDED);
    EXPECT_EQ(ended.outcome.engine_fingerprint(), "engine");
    ASSERT_EQ(ended.points.size(), index);
    for (uint64_t i = 0; i < index; ++i) EXPECT_EQ(ended.points[i].value(), i);
  }
}

TEST_F(AgentTest, SaysWhoItIs) {
  options_.registration.add_datasets()->set_name("digits");
  Start();
  ASSERT_TRUE(coordinator_.Await([&] { return !coordinator_.registrations_.empty(); }));
  Leave();
  const auto& registration = coordinator_.registrations_[0];
  EXPECT_EQ(registration.name(), "tested");
  EXPECT_EQ(registration.protocol_version(), 1);
  EXPECT_EQ(registration.slots(), 2);
  EXPECT_EQ(registration.datasets(0).name(), "digits");
}

TEST_F(AgentTest, RunsAsManyTrialsAtOnceAsItHasSlots) {
  std::atomic<int> running = 0, most = 0;
  options_.registration.set_slots(3);
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext&) {
    const int now = ++running;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    // The first three meet.
    while (most < 3) std::this_thread::yield();
    --running;
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 30);
  ASSERT_TRUE(coordinator_.AwaitEnded(30));
  EXPECT_EQ(most, 3);
}

TEST_F(AgentTest, DrainHandsLeasesBackAndSaysGoodBye) {
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext& c) { return RunUntilStopped(c); };
  Start();
  coordinator_.AddTrials(0, 5);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 2; }));
  Leave();
  EXPECT_TRUE(left_.ok());
  ASSERT_EQ(coordinator_.ended_.size(), 2);
  for (const auto& [index, ended] : coordinator_.ended_) {
    EXPECT_EQ(ended.outcome.kind(), v1::TrialOutcome::KIND_RELEASED);
  }
  EXPECT_TRUE(coordinator_.unregistered_.contains("w-1"));
}

TEST_F(AgentTest, AskedToDrainItFinishesWhatRunsAndLeaves) {
  std::atomic<bool> go = false;
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext&) {
    ++started_;
    coordinator_.Notify();
    while (!go) std::this_thread::yield();
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 2);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 2; }));
  coordinator_.AskToDrain();
  coordinator_.AddTrials(2, 4);
  go = true;
  AwaitEnd();
  EXPECT_TRUE(left_.ok());
  EXPECT_EQ(coordinator_.ended_.size(), 2);
  EXPECT_TRUE(coordinator_.unregistered_.contains("w-1"));
}

TEST_F(AgentTest, AskedToDrainWhileItWaitsForWorkItLeaves) {
  Start();
  ASSERT_TRUE(coordinator_.Await([&] { return !coordinator_.lease_calls_.empty(); }));
  coordinator_.AskToDrain();
  AwaitEnd();
  EXPECT_TRUE(coordinator_.unregistered_.contains("w-1"));
}

class AgentDirectiveTest : public AgentTest, public testing::WithParamInterface<v1::TrialReportResult::Directive> {};

TEST_P(AgentDirectiveTest, StopsTheJobAndUsesItsSlotForAnother) {
  options_.registration.set_slots(1);
  options_.run_job = [&](const v1::Workload&, uint64_t seed, const job::JobContext& context) {
    return seed == 0 ? RunUntilStopped(context) : Success();
  };
  Start();
  coordinator_.AddTrials(0, 2);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 1; }));
  coordinator_.Answer(0, GetParam());
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  EXPECT_EQ(stopped_, 1);
  Leave();
  EXPECT_FALSE(coordinator_.ended_.contains(0));
}

INSTANTIATE_TEST_SUITE_P(All, AgentDirectiveTest,
                         testing::Values(v1::TrialReportResult::DIRECTIVE_STOP, v1::TrialReportResult::DIRECTIVE_LOST));

TEST_F(AgentTest, RegistersAgainWhenTheServerForgotIt) {
  Start();
  ASSERT_TRUE(coordinator_.Await([&] { return !coordinator_.lease_calls_.empty(); }));
  coordinator_.Forget();
  coordinator_.AddTrials(0, 3);
  ASSERT_TRUE(coordinator_.AwaitEnded(3));
  Leave();
  EXPECT_EQ(coordinator_.registrations_.size(), 2);
  EXPECT_TRUE(coordinator_.unregistered_.contains("w-2"));
}

TEST_F(AgentTest, TrainsOnWhileTheServerIsAway) {
  std::atomic<bool> away = false;
  options_.registration.set_slots(1);
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext& context) {
    Report(context, 1);
    ++started_;
    coordinator_.Notify();
    while (!away) std::this_thread::yield();
    Report(context, 100);
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 1);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 1; }));
  coordinator_.GoAway();
  away = true;
  const int calls = coordinator_.report_calls_;
  ASSERT_TRUE(coordinator_.Await([&] { return coordinator_.report_calls_ > calls + 2; }));
  coordinator_.ComeBack();
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(coordinator_.ended_[0].points.size(), 101);
}

TEST_F(AgentTest, AJobWaitsWhenThePointsItMayKeepAreFull) {
  std::atomic<int> reported = 0;
  options_.registration.set_slots(1);
  options_.reporting.max_buffered_bytes = 100'000;
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext& context) {
    ++started_;
    coordinator_.GoAway();
    for (int i = 0; i < 1000; ++i, ++reported) Report(context, 1, 1000);
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 1);
  ASSERT_TRUE(coordinator_.Await([&] { return coordinator_.report_calls_ > 3 && started_ == 1; }));
  EXPECT_LT(reported, 110);
  coordinator_.ComeBack();
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  EXPECT_EQ(coordinator_.ended_[0].points.size(), 1000);
}

TEST_F(AgentTest, ALeaseCallWithoutAnswerIsRepeatedAsItWas) {
  coordinator_.LoseLeaseAnswers(2);
  Start();
  coordinator_.AddTrials(0, 1);
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  const auto& calls = coordinator_.lease_calls_;
  ASSERT_GE(calls.size(), 4);
  EXPECT_EQ(calls[0].request_id(), calls[1].request_id());
  EXPECT_EQ(calls[0].request_id(), calls[2].request_id());
  EXPECT_NE(calls[0].request_id(), calls[3].request_id());
}

TEST_F(AgentTest, LeavesWhenItIsRefusedForGood) {
  coordinator_.RefuseWorkers(absl::FailedPreconditionError("protocol version 2 here, 1 there"));
  Start();
  AwaitEnd();
  EXPECT_EQ(left_.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(AgentTest, LeavesWithinABoundWhenTheServerIsAway) {
  options_.farewell = milliseconds(100);
  options_.run_job = [&](const v1::Workload&, uint64_t, const job::JobContext& c) { return RunUntilStopped(c); };
  Start();
  coordinator_.AddTrials(0, 1);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 1; }));
  coordinator_.GoAway();
  Leave();
  EXPECT_TRUE(left_.ok());
  EXPECT_EQ(stopped_, 1);
}

TEST_F(AgentTest, TriesToRegisterMoreAndMoreSeldomUpToEveryFiveSeconds) {
  FakeClock clock;
  coordinator_.GoAway();
  Start(&clock);
  std::vector<MonoTime> waits;
  for (int i = 0; i < 12; ++i) {
    const MonoTime deadline = clock.AwaitDeadline();
    waits.push_back(deadline - clock.Now());
    clock.AdvanceTo(deadline);
  }
  Leave();
  EXPECT_LE(waits.front(), milliseconds(100));
  EXPECT_GE(waits.back(), milliseconds(2500));
  for (const MonoTime wait : waits) EXPECT_LE(wait, seconds(5));
}

// Else a server that was away for a moment would find the leases of its short terms expired.
TEST_F(AgentTest, AsksAServerThatIsAwaySeveralTimesInALease) {
  FakeClock clock;
  coordinator_.GiveLeasesOf(seconds(3));
  Start(&clock);
  ASSERT_TRUE(coordinator_.Await([&] { return !coordinator_.lease_calls_.empty(); }));
  coordinator_.GoAway();
  for (int i = 0; i < 12; ++i) {
    const MonoTime deadline = clock.AwaitDeadline();
    EXPECT_LE(deadline - clock.Now(), milliseconds(3000) / 6);
    clock.AdvanceTo(deadline);
  }
  Leave();
}

TEST_F(AgentTest, SaysInItsLogWhatHappens) {
  std::atomic<bool> finish = false;
  options_.registration.set_slots(3);
  options_.run_job = [&](const v1::Workload&, uint64_t seed, const job::JobContext& context) {
    if (seed < 2) return RunUntilStopped(context);
    while (!finish) std::this_thread::yield();
    return Success();
  };
  Start();
  coordinator_.AddTrials(0, 3);
  ASSERT_TRUE(coordinator_.Await([&] { return started_ == 2; }));
  coordinator_.Answer(0, v1::TrialReportResult::DIRECTIVE_STOP);
  coordinator_.Answer(1, v1::TrialReportResult::DIRECTIVE_LOST);
  ASSERT_TRUE(coordinator_.Await([&] { return stopped_ == 2; }));
  coordinator_.GoAway();
  const int calls = coordinator_.report_calls_;
  ASSERT_TRUE(coordinator_.Await([&] { return coordinator_.report_calls_ > calls; }));
  coordinator_.ComeBack();
  finish = true;
  ASSERT_TRUE(coordinator_.AwaitEnded(1));
  Leave();
  for (const char* line :
       {"connected", "registered worker=w-1", "leased sweep=sweep trial=2 attempt=1", "finished sweep=sweep trial=2",
        "stopped sweep=sweep trial=0", "lost sweep=sweep trial=1", "reconnecting", "draining", "left worker=w-1"}) {
    EXPECT_THAT(log_text_.str(), HasSubstr(line));
  }
}

}  // namespace
}  // namespace basin::worker::agent
