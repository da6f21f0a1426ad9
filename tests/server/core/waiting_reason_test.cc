#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

std::string Reason(const Scheduler& scheduler) { return scheduler.state().WaitingReason("s"); }

TEST(WaitingReasonTest, NoWorker) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  EXPECT_EQ(Reason(scheduler), "no worker is connected; start one with `basin-worker --server HOST:PORT`");
}

TEST(WaitingReasonTest, LostWorkersDoNotCount) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  EXPECT_EQ(Reason(scheduler), "");
  scheduler.Advance(30);
  scheduler.Expire();
  EXPECT_THAT(Reason(scheduler), StartsWith("no worker is connected"));
}

TEST(WaitingReasonTest, EveryWorkerDrains) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  ASSERT_TRUE(scheduler.Do(DrainWorker{"w"}).ok());
  EXPECT_THAT(Reason(scheduler), StartsWith("every connected worker is draining"));
}

TEST(WaitingReasonTest, NobodyHasTheDataSet) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Dataset("mnist").Build());
  scheduler.Register("w");
  EXPECT_THAT(Reason(scheduler),
              AllOf(StartsWith("no connected worker has the data set 'mnist'; put its files below a worker's data dir"),
                    HasSubstr("deploy/fetch-dataset mnist"), HasSubstr("restart the worker")));
}

TEST(WaitingReasonTest, AMisspelledDataSetIsCorrected) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Dataset("digts").Build());
  scheduler.Register("w");
  EXPECT_THAT(Reason(scheduler),
              StartsWith("no connected worker has the data set 'digts' (did you mean 'digits'?); put its files"));
}

TEST(WaitingReasonTest, SomethingElseCanRun) {
  Scheduler scheduler;
  scheduler.Create("s",
                   SweepBuilder().Configs(3).DatasetOf([](uint64_t c) { return c == 2 ? "digits" : "mnist"; }).Build());
  scheduler.Register("w");
  EXPECT_EQ(Reason(scheduler), "");
}

TEST(WaitingReasonTest, DigestsDiffer) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  scheduler.Lease("w");
  scheduler.Succeed("w", {"s", 0}, 1);
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  WorkerDescription other = Description("other");
  other.datasets["digits"] = "digest-2";
  scheduler.Register("other", other);
  EXPECT_THAT(Reason(scheduler), AllOf(StartsWith("its trials ran on the data set 'digits' with digest digest-1;"),
                                       HasSubstr("the connected workers have another 'digits'")));
}

TEST(WaitingReasonTest, EnginesDiffer) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  scheduler.Lease("w");
  scheduler.Succeed("w", {"s", 0}, 1);
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  WorkerDescription other = Description("other");
  other.engine_fingerprint = "engine-2";
  scheduler.Register("other", other);
  EXPECT_THAT(Reason(scheduler), StartsWith("its trials ran on engine engine-1; no connected worker has that engine"));
}

TEST(WaitingReasonTest, NothingIsWrongWhileItRunsOrIsPausedOrHasEnded) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  scheduler.Lease("w");
  EXPECT_EQ(Reason(scheduler), "");
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"w"}).ok());
  EXPECT_NE(Reason(scheduler), "");
  ASSERT_TRUE(scheduler.Do(PauseSweep{"s"}).ok());
  EXPECT_EQ(Reason(scheduler), "");
  ASSERT_TRUE(scheduler.Do(CancelSweep{"s"}).ok());
  EXPECT_EQ(Reason(scheduler), "");
}

TEST(WaitingReasonTest, WorkersThatComeAndGoRaiseTheRevisionOfSweepsThatWait) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  const uint64_t revision = scheduler.state().FindSweep("s")->revision;
  scheduler.Register("w");
  EXPECT_GT(scheduler.state().FindSweep("s")->revision, revision);
}

}  // namespace
}  // namespace basin::server::core
