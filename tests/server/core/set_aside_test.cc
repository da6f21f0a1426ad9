// Workers on which trial after trial fails.

#include "server/core/set_aside.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

constexpr double kPauseSeconds = std::chrono::duration<double>(kFirstPause).count();

class SetAsideTest : public ::testing::Test {
 protected:
  void Begin(SweepBuilder sweep = SweepBuilder().Configs(100)) {
    scheduler_.Create("s", sweep.Build());
    scheduler_.Register("bad");
    scheduler_.Register("good");
  }
  // The index of the trial that failed there; nothing if the worker got none.
  std::optional<uint64_t> FailOneOn(const WorkerId& worker) {
    const auto leases = scheduler_.Lease(worker);
    if (leases.empty()) return std::nullopt;
    scheduler_.End(worker, leases[0].key, leases[0].attempt, OutcomeKind::kError, "its disk is full");
    return leases[0].key.index;
  }
  void SucceedOneOn(const WorkerId& worker) {
    const auto lease = scheduler_.Lease(worker).at(0);
    scheduler_.Succeed(worker, lease.key, lease.attempt);
  }
  void FailThree() {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(FailOneOn("bad"));
  }
  bool IsAside(const WorkerId& worker) const {
    return IsSetAside(*scheduler_.state().FindWorker(worker), scheduler_.now().mono);
  }

  Scheduler scheduler_;
};

TEST_F(SetAsideTest, ThreeTrialsThatFailSetAWorkerAside) {
  Begin();
  EXPECT_EQ(FailOneOn("bad"), 0u);
  EXPECT_EQ(FailOneOn("bad"), 1u);
  EXPECT_FALSE(IsAside("bad"));
  EXPECT_EQ(FailOneOn("bad"), 2u);
  EXPECT_TRUE(IsAside("bad"));
  ASSERT_THAT(scheduler_.EventsOf<WorkerSetAside>(), SizeIs(1));
  EXPECT_EQ(
      scheduler_.EventsOf<WorkerSetAside>()[0].reason,
      "3 trials failed here and nowhere else, with no result between them (s/0, s/1, s/2); the last one: its disk "
      "is full");
  EXPECT_THAT(scheduler_.Lease("bad"), IsEmpty());
  EXPECT_THAT(scheduler_.Lease("good"), SizeIs(1));
}

TEST_F(SetAsideTest, AResultBetweenThemClearsTheWorker) {
  Begin();
  FailOneOn("bad");
  FailOneOn("bad");
  SucceedOneOn("bad");
  FailOneOn("bad");
  FailOneOn("bad");
  EXPECT_FALSE(IsAside("bad"));
  FailOneOn("bad");
  EXPECT_TRUE(IsAside("bad"));
}

TEST_F(SetAsideTest, OneTrialThatFailsAgainAndAgainIsOne) {
  Begin(SweepBuilder().Configs(1).MaxAttempts(10));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(FailOneOn("bad"), 0u);
    scheduler_.Advance(61);
  }
  EXPECT_FALSE(IsAside("bad"));
}

TEST_F(SetAsideTest, ATrialThatFailsElsewhereTooCountsAgainstNobody) {
  Begin();
  FailOneOn("bad");
  FailOneOn("bad");
  EXPECT_EQ(FailOneOn("good"), 0u);
  EXPECT_EQ(FailOneOn("bad"), 0u);
  EXPECT_FALSE(IsAside("bad"));
  EXPECT_THAT(scheduler_.state().FindWorker("good")->blame.trials, IsEmpty());
  EXPECT_THAT(scheduler_.state().FindWorker("bad")->blame.trials, ElementsAre(TrialKey{"s", 1}));
}

TEST_F(SetAsideTest, AWorkerWhoseTrialsFailElsewhereTooIsBackAtOnce) {
  Begin();
  FailThree();
  ASSERT_TRUE(IsAside("bad"));
  FailOneOn("good");
  EXPECT_FALSE(IsAside("bad"));
  EXPECT_THAT(scheduler_.Lease("bad"), SizeIs(1));
}

TEST_F(SetAsideTest, AfterThePauseItGetsTrialsAndOneMoreFailureDoublesIt) {
  Begin();
  FailThree();
  scheduler_.Advance(kPauseSeconds - 1);
  EXPECT_TRUE(IsAside("bad"));
  scheduler_.Advance(1);
  EXPECT_TRUE(FailOneOn("bad"));
  EXPECT_TRUE(IsAside("bad"));
  scheduler_.Advance(2 * kPauseSeconds - 1);
  EXPECT_TRUE(IsAside("bad"));
  scheduler_.Advance(1);
  SucceedOneOn("bad");
  EXPECT_EQ(scheduler_.state().FindWorker("bad")->blame, Blame());
}

TEST_F(SetAsideTest, ThePauseDoesNotGrowForEver) {
  Begin(SweepBuilder().Configs(1000));
  SucceedOneOn("good");
  FailThree();
  for (int i = 0; i < 40; ++i) {
    scheduler_.Advance(std::chrono::duration<double>(kLongestPause).count());
    ASSERT_FALSE(IsAside("bad")) << i;
    ASSERT_TRUE(FailOneOn("bad")) << i;
    ASSERT_TRUE(IsAside("bad")) << i;
  }
}

TEST_F(SetAsideTest, AWorkerThatRegistersAnewBeginsAnew) {
  Begin();
  FailThree();
  scheduler_.Register("bad-again", Description("bad"));
  EXPECT_THAT(scheduler_.Lease("bad-again"), SizeIs(1));
}

TEST_F(SetAsideTest, WhatNobodyElseCouldRunItGetsNonetheless) {
  Begin();
  WorkerDescription only = Description("only");
  only.datasets["mnist"] = "digest-1";
  scheduler_.Register("only", only);
  for (int i = 0; i < 3; ++i) FailOneOn("only");
  ASSERT_TRUE(IsAside("only"));
  scheduler_.Create("elsewhere", SweepBuilder().Configs(10).Dataset("mnist").Build());
  const auto leases = scheduler_.Lease("only");
  ASSERT_THAT(leases, SizeIs(1));
  EXPECT_EQ(leases[0].key.sweep, "elsewhere");
}

TEST_F(SetAsideTest, AWorkerThatNobodyCanStandInForIsNotSetAside) {
  scheduler_.Create("s", SweepBuilder().Configs(100).Build());
  scheduler_.Register("alone");
  WorkerDescription other = Description("other");
  other.datasets = {};
  scheduler_.Register("other", other);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(FailOneOn("alone"));
  EXPECT_FALSE(IsAside("alone"));
}

TEST_F(SetAsideTest, ItGetsTrialsAgainWhenTheOthersAreGone) {
  Begin();
  FailThree();
  ASSERT_THAT(scheduler_.Lease("bad"), IsEmpty());
  ASSERT_TRUE(scheduler_.Do(UnregisterWorker{"good"}).ok());
  EXPECT_THAT(scheduler_.Lease("bad"), SizeIs(1));
}

TEST_F(SetAsideTest, ASweepThatFailsEverywhereLeavesAWorkerAtWorkAndEnds) {
  for (const uint32_t attempts : {1u, 2u, 3u}) {
    Scheduler scheduler;
    scheduler.Create("s", SweepBuilder().Configs(30).MaxAttempts(attempts).Build());
    const std::vector<WorkerId> workers = {"a", "b", "c"};
    for (const WorkerId& id : workers) scheduler.Register(id, Description(id, 4));
    for (int turn = 0; scheduler.sweep("s").state == SweepState::kRunning; ++turn) {
      ASSERT_LT(turn, 1000) << attempts;
      for (const WorkerId& id : workers) {
        for (const auto& lease : scheduler.Lease(id, 4)) {
          scheduler.End(id, lease.key, lease.attempt, OutcomeKind::kError, "no");
        }
      }
      scheduler.Advance(1);
      size_t aside = 0;
      for (const auto& [id, worker] : scheduler.state().workers()) aside += IsSetAside(worker, scheduler.now().mono);
      ASSERT_LT(aside, workers.size());
    }
    EXPECT_EQ(scheduler.sweep("s").counts.failed, 30u);
  }
}

TEST_F(SetAsideTest, OfOneAttemptEachNobodyIsBlamedUntilTheSweepHasAResult) {
  Begin(SweepBuilder().Configs(100).MaxAttempts(1));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(FailOneOn("bad"));
  EXPECT_FALSE(IsAside("bad"));
  SucceedOneOn("good");
  FailThree();
  EXPECT_TRUE(IsAside("bad"));
}

TEST_F(SetAsideTest, ATimeLimitCountsAndALostLeaseDoesNot) {
  Begin(SweepBuilder().Configs(100).TrialSeconds(20));
  scheduler_.Register("slow", Description("slow", 3));
  scheduler_.Lease("slow", 3);
  scheduler_.Advance(20);
  scheduler_.Expire();
  EXPECT_TRUE(IsAside("slow"));
  scheduler_.Register("mute", Description("mute", 3));
  scheduler_.Create("without-limit", SweepBuilder().Configs(100).Priority(1).Build());
  scheduler_.Lease("mute", 3);
  scheduler_.Advance(30);
  scheduler_.Expire();
  EXPECT_FALSE(IsAside("mute"));
}

TEST_F(SetAsideTest, TrialsThatFailTogetherAreJudgedTogether) {
  Begin();
  scheduler_.Register("wide", Description("wide", 8));
  Report report{"wide", {}};
  for (const auto& lease : scheduler_.Lease("wide", 4)) {
    TrialReport trial{lease.key, lease.attempt, 0, {}, Outcome{}, std::nullopt};
    trial.outcome->kind = OutcomeKind::kError;
    report.trials.push_back(trial);
  }
  ASSERT_TRUE(scheduler_.Do(report).ok());
  EXPECT_TRUE(IsAside("wide"));
  EXPECT_THAT(scheduler_.EventsOf<WorkerSetAside>(), SizeIs(1));
}

TEST_F(SetAsideTest, HandedBackAndInvalidTrialsAreNoFailuresOfTheWorker) {
  Begin();
  for (int i = 0; i < 5; ++i) {
    const auto lease = scheduler_.Lease("bad").at(0);
    scheduler_.End("bad", lease.key, lease.attempt, OutcomeKind::kReleased);
  }
  const auto lease = scheduler_.Lease("bad").at(0);
  scheduler_.End("bad", lease.key, lease.attempt, OutcomeKind::kInvalid);
  EXPECT_EQ(scheduler_.state().FindWorker("bad")->blame, Blame());
}

TEST_F(SetAsideTest, ATrialThatIsFoundInvalidElsewhereCountsAgainstNobody) {
  Begin();
  EXPECT_EQ(FailOneOn("bad"), 0u);
  EXPECT_THAT(scheduler_.state().FindWorker("bad")->blame.trials, SizeIs(1));
  const auto lease = scheduler_.Lease("good").at(0);
  ASSERT_EQ(lease.key.index, 0u);
  scheduler_.End("good", lease.key, lease.attempt, OutcomeKind::kInvalid, "its batch is too large");
  EXPECT_THAT(scheduler_.state().FindWorker("bad")->blame.trials, IsEmpty());
}

TEST_F(SetAsideTest, TrialsThatAreRetriedCountNoMore) {
  Begin(SweepBuilder().Configs(100).MaxAttempts(1));
  SucceedOneOn("good");
  FailThree();
  EXPECT_TRUE(IsAside("bad"));
  ASSERT_TRUE(scheduler_.Do(RetrySweep{"s", {}, nullptr}).ok());
  EXPECT_FALSE(IsAside("bad"));
  EXPECT_THAT(scheduler_.state().FindWorker("bad")->blame.trials, IsEmpty());
  // They fail on two others: the checks of what holds after each command look at "bad" too.
  scheduler_.Register("other");
  FailOneOn("good");
  FailOneOn("other");
}

TEST_F(SetAsideTest, ATrialThatFailedIsTriedElsewhereFirst) {
  Begin(SweepBuilder().Configs(1));
  ASSERT_EQ(FailOneOn("bad"), 0u);
  EXPECT_THAT(scheduler_.Lease("bad"), IsEmpty());
  EXPECT_THAT(scheduler_.Lease("good"), SizeIs(1));
}

TEST_F(SetAsideTest, ATrialThatFailedDoesNotWaitLongForAnother) {
  Begin(SweepBuilder().Configs(1));
  ASSERT_EQ(FailOneOn("bad"), 0u);
  scheduler_.Advance(std::chrono::duration<double>(kElsewhereFirst).count());
  EXPECT_THAT(scheduler_.Lease("bad"), SizeIs(1));
}

TEST_F(SetAsideTest, ARestartForgetsTheBlame) {
  Begin();
  FailThree();
  Snapshot snapshot;
  snapshot.workers.push_back(scheduler_.state().FindWorker("bad")->record);
  const State restored = State::Restore({}, snapshot, scheduler_.now());
  EXPECT_FALSE(IsSetAside(*restored.FindWorker("bad"), scheduler_.now().mono));
}

}  // namespace
}  // namespace basin::server::core
