#include "tests/server/runtime/coordinator_fixture.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

class DiskFullTest : public CoordinatorTest {
 protected:
  void FillDisk() {
    store_.Fail(absl::ResourceExhaustedError("no space left on device"));
    EXPECT_TRUE(absl::IsResourceExhausted(Do(NewSweep()).status()));
  }
};

TEST_F(DiskFullTest, TheWholeBatchIsRefusedAndChangesNothing) {
  coordinator();
  store_.Close();
  store_.Fail(absl::ResourceExhaustedError("no space left on device"));
  Answer first = Send(NewSweep());
  store_.AwaitCommits(1);
  Answer second = Send(NewSweep());
  store_.Open();
  EXPECT_TRUE(absl::IsResourceExhausted(first.get().status()));
  EXPECT_TRUE(absl::IsResourceExhausted(second.get().status()));
  EXPECT_THAT(board_.ListSweeps({}, {}, 10).sweeps, IsEmpty());
}

TEST_F(DiskFullTest, ChangesAreRefusedWithoutTouchingTheDisk) {
  FillDisk();
  const int commits = store_.commits(), loads = store_.loads();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(absl::IsResourceExhausted(Do(NewSweep()).status()));
  EXPECT_EQ(store_.commits(), commits);
  EXPECT_EQ(store_.loads(), loads);
}

TEST_F(DiskFullTest, TheStateIsLoadedOnce) {
  coordinator();
  const int loads = store_.loads();
  FillDisk();
  Do(NewSweep()).IgnoreError();
  EXPECT_EQ(store_.loads(), loads + 1);
}

TEST_F(DiskFullTest, OneChangeASecondIsTried) {
  FillDisk();
  const int commits = store_.commits();
  clock_.Jump(seconds(1));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(absl::IsResourceExhausted(Do(NewSweep()).status()));
  EXPECT_EQ(store_.commits(), commits + 1);
}

TEST_F(DiskFullTest, ServiceGoesOnWhenThereIsSpace) {
  FillDisk();
  store_.Fail(absl::OkStatus());
  clock_.Jump(seconds(1));
  EXPECT_TRUE(Do(NewSweep()).ok());
  EXPECT_TRUE(Do(NewSweep()).ok());
}

TEST_F(DiskFullTest, WhatWasStoredBeforeIsStillThere) {
  const core::SweepId sweep = Create();
  FillDisk();
  EXPECT_EQ(Counts(sweep).pending(), 2u);
  store_.Fail(absl::OkStatus());
  clock_.Jump(seconds(1));
  EXPECT_EQ(Lease(Register("w")).at(0).key.sweep, sweep);
}

TEST_F(DiskFullTest, HeartbeatsAreAccepted) {
  Create();
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  FillDisk();
  EXPECT_EQ(Report(worker, ReportOf(lease)).directive, core::Directive::kContinue);
}

// A worker that holds nothing, since the answer to its call for work was lost, changes nothing: the disk is not seen to
// have space by its heartbeats.
TEST_F(DiskFullTest, LeasesThatNobodyHoldsEndOnceThereIsSpace) {
  const core::SweepId sweep = Create();
  const core::WorkerId worker = Register("w");
  Lease(worker);
  FillDisk();
  const auto idle = [&](int beats) {
    for (int i = 0; i < beats; ++i) {
      clock_.Pass(seconds(5), kThreads);
      ASSERT_TRUE(Do(core::Report{.worker = worker, .trials = {}}).ok());
    }
  };
  idle(12);
  EXPECT_EQ(Counts(sweep).running(), 1u);
  store_.Fail(absl::OkStatus());
  idle(12);
  EXPECT_EQ(Counts(sweep).running(), 0u);
  EXPECT_EQ(Counts(sweep).pending(), 2u);
}

TEST_F(DiskFullTest, TheDiskIsTriedOnceASecondThoughNobodyAsks) {
  FillDisk();
  const int commits = store_.commits();
  clock_.Pass(seconds(10), kThreads);
  EXPECT_EQ(store_.commits(), commits + 10);
  store_.Fail(absl::OkStatus());
  clock_.Pass(seconds(10), kThreads);
  EXPECT_EQ(store_.commits(), commits + 11);
}

TEST_F(DiskFullTest, ATrialThatEndedWithinItsLimitDoesSoThoughItsResultHadToWait) {
  Create(tests::SweepBuilder().TrialSeconds(10));
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  clock_.Pass(seconds(8), kThreads);
  FillDisk();
  clock_.Pass(seconds(60), kThreads);
  store_.Fail(absl::OkStatus());
  clock_.Pass(seconds(4), kThreads);
  EXPECT_TRUE(Report(worker, Success(lease)).status.ok());
}

TEST_F(DiskFullTest, NoLeaseIsLostToALongOutage) {
  Create();
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  FillDisk();
  clock_.Pass(seconds(60), kThreads);
  store_.Fail(absl::OkStatus());
  clock_.Pass(seconds(2), kThreads);
  EXPECT_TRUE(Report(worker, Success(lease)).status.ok());
}

}  // namespace
}  // namespace basin::server::runtime
