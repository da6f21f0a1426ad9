#include "server/runtime/changes.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::runtime {
namespace {

using testing::ElementsAre;

class ChangesTest : public testing::Test {
 protected:
  ChangesTest() {
    scheduler_.Create("sweep", tests::SweepBuilder().Configs(10).Build());
    scheduler_.Register("w", 4);
    scheduler_.Lease("w");
  }
  Changes Of(const core::Event& event) {
    Changes changes;
    changes.Add(event, scheduler_.state());
    return changes;
  }
  tests::Scheduler scheduler_;
};

TEST_F(ChangesTest, PointsTouchTheirSweepAndMakeNoWork) {
  const Changes changes =
      Of(core::PointsAppended{.key = {"sweep", 0}, .attempt = 1, .first_sequence = 0, .points = {}});
  EXPECT_THAT(changes.sweeps, ElementsAre("sweep"));
  EXPECT_FALSE(changes.work_appeared);
}

TEST_F(ChangesTest, AResultFreesItsWorkersSlotAndMakesNoWorkForOthers) {
  core::TrialFinished finished;
  finished.key = {"sweep", 0};
  finished.worker = "w";
  const Changes changes = Of(finished);
  EXPECT_THAT(changes.slots_changed, ElementsAre("w"));
  EXPECT_FALSE(changes.work_appeared);
}

TEST_F(ChangesTest, ATrialQueuedAgainIsWork) {
  core::TrialRequeued requeued;
  requeued.key = {"sweep", 0};
  EXPECT_TRUE(Of(requeued).work_appeared);
}

TEST_F(ChangesTest, WhatWasLeftToAWorkerThatGoesOrIsSetAsideIsWorkForOthers) {
  EXPECT_TRUE(Of(core::WorkerStateChanged{"w", core::WorkerState::kLost, {}}).work_appeared);
  EXPECT_TRUE(Of(core::WorkerStateChanged{"w", core::WorkerState::kDraining, {}}).work_appeared);
  EXPECT_FALSE(Of(core::WorkerStateChanged{"w", core::WorkerState::kConnected, {}}).work_appeared);
  EXPECT_TRUE(Of(core::WorkerSetAside{"w", "", {}}).work_appeared);
}

TEST_F(ChangesTest, AWorkerThatIsBlamedOrAcquittedIsShownAndAskedAgain) {
  const Changes changes = Of(core::WorkerBlamed{"w", {}});
  EXPECT_THAT(changes.workers, ElementsAre("w"));
  EXPECT_THAT(changes.slots_changed, ElementsAre("w"));
}

TEST_F(ChangesTest, AHeartbeatIsHeardAndNothingElse) {
  const Changes changes = Of(core::LeasesRenewed{.worker = "w", .trials = {}});
  EXPECT_THAT(changes.heard, ElementsAre("w"));
  EXPECT_TRUE(changes.workers.empty());
  EXPECT_TRUE(changes.sweeps.empty());
}

TEST_F(ChangesTest, LeasableTrialsRespectMaxParallel) {
  EXPECT_EQ(LeasableTrials(scheduler_.state()), 9u);
  scheduler_.Create("narrow", tests::SweepBuilder().Configs(10).MaxParallel(2).Build());
  EXPECT_EQ(LeasableTrials(scheduler_.state()), 11u);
}

TEST_F(ChangesTest, PausedSweepsHaveNothingToLease) {
  ASSERT_TRUE(scheduler_.Do(core::PauseSweep{.id = "sweep"}).ok());
  EXPECT_EQ(LeasableTrials(scheduler_.state()), 0u);
}

}  // namespace
}  // namespace basin::server::runtime
