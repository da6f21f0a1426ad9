#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/core/invariants.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Scheduler;
using tests::SweepBuilder;

class ExpireTest : public ::testing::Test {
 protected:
  void Start(const SweepBuilder& builder) {
    scheduler_.Create("s", builder.Build());
    scheduler_.Register("w");
    ASSERT_THAT(scheduler_.Lease("w"), SizeIs(1));
  }
  void Heartbeat(uint32_t attempt = 1) {
    scheduler_.Report("w", {{"s", 0}, attempt, 0, {}, std::nullopt, std::nullopt});
  }
  const TrialCounts& counts() const { return scheduler_.sweep("s").counts; }
  Scheduler scheduler_;
};

TEST_F(ExpireTest, LeaseEndsAfterItsTermAndNotBefore) {
  Start(SweepBuilder());
  scheduler_.Advance(29.9);
  scheduler_.Expire();
  EXPECT_EQ(counts().running, 1u);
  scheduler_.Advance(0.1);
  scheduler_.Expire();
  EXPECT_EQ(counts().running, 0u);
  EXPECT_EQ(scheduler_.EventsOf<TrialRequeued>().at(0).message, "worker 'w' did not report it for 30 s");
}

TEST_F(ExpireTest, HeartbeatRenewsTheLease) {
  Start(SweepBuilder());
  for (int i = 0; i < 10; ++i) {
    scheduler_.Advance(20);
    Heartbeat();
    scheduler_.Expire();
  }
  EXPECT_EQ(counts().running, 1u);
}

TEST_F(ExpireTest, TrialThatItsWorkerDoesNotNameIsLost) {
  Start(SweepBuilder());
  scheduler_.Advance(20);
  ASSERT_TRUE(scheduler_.Do(Report{"w", {}}).ok());
  scheduler_.Advance(10);
  scheduler_.Expire();
  EXPECT_EQ(counts().running, 0u);
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kConnected);
}

TEST_F(ExpireTest, ExpiredAttemptCannotComplete) {
  Start(SweepBuilder());
  scheduler_.Advance(30);
  scheduler_.Expire();
  const auto result = scheduler_.Succeed("w", {"s", 0}, 1);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(counts().succeeded, 0u);
}

TEST_F(ExpireTest, OverdueLeaseThatNobodyEndedCanStillComplete) {
  Start(SweepBuilder());
  scheduler_.Advance(300);
  EXPECT_TRUE(scheduler_.Succeed("w", {"s", 0}, 1).status.ok());
}

TEST_F(ExpireTest, LostLeasesUseUpTheAttempts) {
  Start(SweepBuilder().Configs(1).MaxAttempts(2));
  scheduler_.Advance(30);
  scheduler_.Expire();
  EXPECT_EQ(scheduler_.Lease("w").at(0).attempt, 2u);
  scheduler_.Advance(30);
  scheduler_.Expire();
  EXPECT_EQ(counts().failed, 1u);
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFinished);
  EXPECT_EQ(scheduler_.Succeed("w", {"s", 0}, 2).status.code(), absl::StatusCode::kAborted);
}

TEST_F(ExpireTest, TimeLimitEndsATrialWhoseWorkerHeartbeats) {
  Start(SweepBuilder().Configs(1).MaxAttempts(1).TrialSeconds(50));
  scheduler_.Advance(25);
  Heartbeat();
  scheduler_.Advance(25);
  Heartbeat();
  scheduler_.Expire();
  EXPECT_EQ(counts().failed, 1u);
  EXPECT_EQ(scheduler_.EventsOf<TrialFinished>().at(0).message, "it ran longer than its limit of 50 s on worker 'w'");
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kConnected);
}

TEST_F(ExpireTest, LeaseAndLimitThatEndTogetherAreOneFailure) {
  Start(SweepBuilder().MaxAttempts(3).TrialSeconds(30));
  scheduler_.Advance(40);
  scheduler_.Expire();
  EXPECT_THAT(scheduler_.EventsOf<TrialRequeued>(), SizeIs(1));
  EXPECT_EQ(scheduler_.EventsOf<TrialRequeued>().at(0).failures, 1u);
}

TEST_F(ExpireTest, SilentWorkerIsLostWithItsTrials) {
  Start(SweepBuilder());
  scheduler_.Advance(30);
  scheduler_.Expire();
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kLost);
  EXPECT_THAT(scheduler_.state().FindWorker("w")->running, IsEmpty());
}

TEST_F(ExpireTest, LostWorkerThatCallsAgainIsConnectedWithoutItsLeases) {
  Start(SweepBuilder());
  scheduler_.Advance(30);
  scheduler_.Expire();
  const auto result = scheduler_.Report("w", {{"s", 0}, 1, 0, {}, std::nullopt, std::nullopt});
  EXPECT_EQ(result.directive, Directive::kLost);
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kConnected);
  EXPECT_EQ(scheduler_.Lease("w").at(0).attempt, 2u);
}

TEST_F(ExpireTest, TimeInWhichNobodyCouldBeHeardCountsForNobody) {
  Start(SweepBuilder().TrialSeconds(20));
  scheduler_.Advance(10 + 970);
  ASSERT_TRUE(scheduler_.Do(ExpireLeases{std::chrono::seconds(970)}).ok());
  EXPECT_EQ(counts().running, 1u);
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kConnected);
  EXPECT_EQ(scheduler_.state().FindRunning({"s", 0})->lease_until, scheduler_.now().mono + std::chrono::seconds(20));
  EXPECT_EQ(CheckInvariants(scheduler_.state()), absl::OkStatus());
  scheduler_.Expire();
  EXPECT_TRUE(scheduler_.Succeed("w", {"s", 0}, 1).status.ok()) << "what waited in the queue counts";
}

TEST_F(ExpireTest, ALeaseIsPutOffByNoMoreThanAWholeTerm) {
  Start(SweepBuilder());
  ASSERT_TRUE(scheduler_.Do(ExpireLeases{std::chrono::seconds(970)}).ok());
  EXPECT_EQ(scheduler_.state().FindRunning({"s", 0})->lease_until, scheduler_.now().mono + std::chrono::seconds(30));
  EXPECT_EQ(scheduler_.state().FindWorker("w")->last_heard, scheduler_.now().mono);
}

TEST_F(ExpireTest, ADeadWorkersTrialEndsThoughTheLoopIsStoppedAgainAndAgain) {
  Start(SweepBuilder());
  for (int i = 0; i < 10; ++i) {
    scheduler_.Advance(3 + 5);
    ASSERT_TRUE(scheduler_.Do(ExpireLeases{std::chrono::seconds(5)}).ok());
    scheduler_.Expire();
    EXPECT_EQ(counts().running, i < 9 ? 1u : 0u) << "after " << 3 * (i + 1) << " s awake";
  }
  EXPECT_EQ(scheduler_.worker_state("w"), WorkerState::kLost);
}

TEST_F(ExpireTest, ATrialThatHangsEndsThoughTheLoopIsStoppedAgainAndAgain) {
  Start(SweepBuilder().TrialSeconds(40));
  for (int i = 0; i < 20; ++i) {
    scheduler_.Advance(5);
    scheduler_.Expire();
    if (counts().running == 0) {
      EXPECT_EQ(i, 7) << "its limit, awake";
      return;
    }
    Heartbeat();
    scheduler_.Advance(3);
    ASSERT_TRUE(scheduler_.Do(ExpireLeases{std::chrono::seconds(3)}).ok());
  }
  FAIL() << "it still runs";
}

TEST_F(ExpireTest, NextDeadlineIsTheEarliestEnd) {
  EXPECT_EQ(scheduler_.state().NextDeadline(), std::nullopt);
  const MonoTime start = scheduler_.now().mono;
  Start(SweepBuilder().TrialSeconds(40));
  EXPECT_EQ(scheduler_.state().NextDeadline(), start + std::chrono::seconds(30));
  scheduler_.Advance(20);
  Heartbeat();
  EXPECT_EQ(scheduler_.state().NextDeadline(), start + std::chrono::seconds(40)) << "of the time limit";
  scheduler_.Succeed("w", {"s", 0}, 1);
  EXPECT_EQ(scheduler_.state().NextDeadline(), start + std::chrono::seconds(50)) << "of the worker's silence";
  scheduler_.Advance(30);
  scheduler_.Expire();
  EXPECT_EQ(scheduler_.state().NextDeadline(), std::nullopt);
}

TEST_F(ExpireTest, NothingOverdueGivesNoEvents) {
  Start(SweepBuilder());
  scheduler_.Expire();
  EXPECT_THAT(scheduler_.events(), IsEmpty());
}

}  // namespace
}  // namespace basin::server::core
