#include "tests/server/runtime/coordinator_fixture.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;
using testing::SizeIs;

class ExpiryTest : public CoordinatorTest {};

TEST_F(ExpiryTest, TheTrialOfASilentWorkerIsQueuedAgainAfterALease) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.Pass(seconds(29), kThreads);
  EXPECT_EQ(Counts(sweep).running(), 1u);
  clock_.Pass(seconds(2), kThreads);
  EXPECT_EQ(Counts(sweep).pending(), 1u);
}

TEST_F(ExpiryTest, TheNextAttemptHasTheNextNumber) {
  Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.Pass(seconds(31), kThreads);
  const auto leases = Lease(Register("w"));
  ASSERT_THAT(leases, SizeIs(1));
  EXPECT_EQ(leases[0].attempt, 2u);
}

TEST_F(ExpiryTest, AnExpiredTrialGoesToAWaitingCall) {
  Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.Pass(seconds(25), kThreads);
  Answer call = Poll(Register("w"));
  clock_.Pass(seconds(6), kThreads);
  EXPECT_THAT(std::get<core::LeaseReply>(*call.get()).leases, SizeIs(1));
}

TEST_F(ExpiryTest, AHeartbeatKeepsALease) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  for (int i = 0; i < 4; ++i) {
    clock_.Pass(seconds(20), kThreads);
    EXPECT_EQ(Report(worker, ReportOf(lease)).directive, core::Directive::kContinue);
  }
  EXPECT_EQ(Counts(sweep).running(), 1u);
}

TEST_F(ExpiryTest, ALoopThatWasStoppedExpiresNothing) {
  Create(tests::SweepBuilder().Configs(1));
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  clock_.AwaitIdle(kThreads);
  clock_.Jump(seconds(60));
  clock_.AwaitIdle(kThreads);
  EXPECT_TRUE(Report(worker, Success(lease)).status.ok());
}

TEST_F(ExpiryTest, AfterAStopALeaseLastsOneFreshTerm) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.AwaitIdle(kThreads);
  clock_.Jump(seconds(60));
  clock_.Pass(seconds(29), kThreads);
  EXPECT_EQ(Counts(sweep).running(), 1u);
  clock_.Pass(seconds(2), kThreads);
  EXPECT_EQ(Counts(sweep).pending(), 1u);
}

TEST_F(ExpiryTest, AJumpOfTheWallClockAloneExpiresNothing) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("w")), SizeIs(1));
  clock_.JumpWall(std::chrono::hours(24));
  clock_.Pass(seconds(5), kThreads);
  EXPECT_EQ(Counts(sweep).running(), 1u);
}

TEST_F(ExpiryTest, ALeaseEndsThoughTheWallClockIsSetBack) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.JumpWall(-std::chrono::hours(24));
  clock_.Pass(seconds(31), kThreads);
  EXPECT_EQ(Counts(sweep).pending(), 1u);
}

TEST_F(ExpiryTest, AfterARestartALeaseLastsOneFreshTerm) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1));
  ASSERT_THAT(Lease(Register("silent")), SizeIs(1));
  clock_.Pass(seconds(20), kThreads);
  Restart();
  clock_.Pass(seconds(20), kThreads);
  EXPECT_EQ(Counts(sweep).running(), 1u);
  clock_.Pass(seconds(11), kThreads);
  EXPECT_EQ(Counts(sweep).pending(), 1u);
}

TEST_F(ExpiryTest, ATimeLimitEndsAnAttemptWhoseWorkerIsAlive) {
  const core::SweepId sweep = Create(tests::SweepBuilder().Configs(1).TrialSeconds(10));
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  clock_.Pass(seconds(9), kThreads);
  EXPECT_EQ(Report(worker, ReportOf(lease)).directive, core::Directive::kContinue);
  clock_.Pass(seconds(2), kThreads);
  EXPECT_EQ(Counts(sweep).running(), 0u);
}

}  // namespace
}  // namespace basin::server::runtime
