#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

TEST(WorkerTest, UnregisteringQueuesItsTrialsWithoutFailure) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(1).MaxAttempts(1).Build());
  scheduler.Register("w");
  scheduler.Lease("w");
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  EXPECT_EQ(scheduler.sweep("s").counts.pending, 1u);
  EXPECT_EQ(scheduler.state().FindSweep("s")->queued.at(0).failures, 0u);
  EXPECT_EQ(scheduler.worker_state("w"), WorkerState::kLeft);
}

TEST(WorkerTest, UnregisteringTwiceIsOk) {
  Scheduler scheduler;
  scheduler.Register("w");
  EXPECT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  EXPECT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  EXPECT_EQ(scheduler.Do(UnregisterWorker{"x"}).status().code(), absl::StatusCode::kNotFound);
}

TEST(WorkerTest, WorkerThatLeftMustRegisterAgain) {
  Scheduler scheduler;
  scheduler.Register("w");
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  EXPECT_EQ(scheduler.Do(LeaseTrials{"w", 1, ""}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(scheduler.Do(Report{"w", {}}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(scheduler.Do(DrainWorker{"w"}).status().code(), absl::StatusCode::kNotFound);
}

TEST(WorkerTest, DrainingWorkerGetsNoMoreAndIsTold) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(5).Build());
  scheduler.Register("w", 2);
  scheduler.Lease("w");
  ASSERT_TRUE(scheduler.Do(DrainWorker{"w"}).ok());
  const auto lease = std::get<LeaseReply>(scheduler.Do(LeaseTrials{"w", 1, ""}).value());
  EXPECT_THAT(lease.leases, IsEmpty());
  EXPECT_TRUE(lease.drain);
  EXPECT_TRUE(std::get<ReportReply>(scheduler.Do(Report{"w", {}}).value()).drain);
  EXPECT_TRUE(scheduler.Succeed("w", {"s", 0}, 1).status.ok()) << "it finishes what it runs";
}

TEST(WorkerTest, DrainOutlivesASilence) {
  Scheduler scheduler;
  scheduler.Register("w");
  ASSERT_TRUE(scheduler.Do(DrainWorker{"w"}).ok());
  scheduler.Advance(30);
  scheduler.Expire();
  ASSERT_EQ(scheduler.worker_state("w"), WorkerState::kLost);
  scheduler.Lease("w");
  EXPECT_EQ(scheduler.worker_state("w"), WorkerState::kDraining);
}

TEST(WorkerTest, DrainOfAnUnknownWorkerIsNotFound) {
  Scheduler scheduler;
  EXPECT_EQ(scheduler.Do(DrainWorker{"w"}).status().code(), absl::StatusCode::kNotFound);
}

TEST(WorkerTest, NameThatComesBackReplacesWhoIsGone) {
  Scheduler scheduler;
  scheduler.Register("lost", Description("box"));
  scheduler.Advance(30);
  scheduler.Expire();
  scheduler.Register("left", Description("box"));
  ASSERT_EQ(scheduler.EventsOf<WorkerStateChanged>().at(0).state, WorkerState::kLeft) << "so that the store forgets it";
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"left"}).ok());
  scheduler.Register("third", Description("box"));
  EXPECT_THAT(scheduler.state().workers(), SizeIs(1));
}

TEST(WorkerTest, NameThatIsConnectedMayRegisterAgain) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("old", Description("box"));
  scheduler.Lease("old");
  scheduler.Register("new", Description("box"));
  EXPECT_THAT(scheduler.state().workers(), SizeIs(2));
  EXPECT_EQ(scheduler.sweep("s").counts.running, 1u);
}

TEST(WorkerTest, WorkersThatAreGoneDoNotPileUp) {
  Scheduler scheduler;
  for (int i = 0; i < 1000; ++i) {
    scheduler.Register(absl::StrCat("w", i));
    if (i % 2 == 0) {
      ASSERT_TRUE(scheduler.Do(UnregisterWorker{absl::StrCat("w", i)}).ok());
    } else {
      scheduler.Advance(30);
      scheduler.Expire();
    }
  }
  EXPECT_LE(scheduler.state().workers().size(), 258u);
}

TEST(WorkerTest, WorkerCountsWhatItFinished) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(3).Build());
  scheduler.Register("w", 3);
  scheduler.Lease("w", 3);
  scheduler.Succeed("w", {"s", 0}, 1);
  scheduler.End("w", {"s", 1}, 1, OutcomeKind::kReleased);
  EXPECT_EQ(scheduler.state().FindWorker("w")->record.trials_finished, 1u);
}

}  // namespace
}  // namespace basin::server::core
