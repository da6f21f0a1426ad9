// The loop looks results up before it leases trials that may take them over.
#include "tests/server/runtime/coordinator_fixture.h"

namespace basin::server::runtime {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class ReuseTest : public CoordinatorTest {
 protected:
  // A sweep whose trials all have a result.
  void RunAll(uint64_t configs, const core::WorkerId& worker) {
    Create(tests::SweepBuilder().Configs(configs));
    while (true) {
      const auto leases = Lease(worker, 4);
      if (leases.empty()) return;
      for (const auto& lease : leases) Report(worker, Success(lease));
    }
  }
};

TEST_F(ReuseTest, ASweepThatWasComputedBeforeEndsAtTheFirstCallForWork) {
  const core::WorkerId worker = Register("w", 4);
  RunAll(6, worker);
  const core::SweepId again = Create(tests::SweepBuilder().Configs(6).Reuse());
  EXPECT_THAT(Lease(worker, 4), IsEmpty());
  EXPECT_EQ(Counts(again).succeeded(), 6u);
  EXPECT_EQ(Counts(again).reused(), 6u);
  EXPECT_EQ(board_.GetSweep(again)->state(), v1::SWEEP_STATE_FINISHED);
}

TEST_F(ReuseTest, WhatIsNewIsLeasedByTheSameCall) {
  const core::WorkerId worker = Register("w", 4);
  RunAll(6, worker);
  const core::SweepId again = Create(tests::SweepBuilder().Configs(8).Reuse());
  const auto leases = Lease(worker, 4);
  ASSERT_THAT(leases, SizeIs(2));
  EXPECT_EQ(leases[0].key.index, 6u);
  EXPECT_EQ(Counts(again).reused(), 6u);
}

TEST_F(ReuseTest, AWorkerThatWaitsGetsWhatIsNew) {
  const core::WorkerId worker = Register("w", 4);
  RunAll(6, worker);
  Answer waiting = Poll(worker);
  const core::SweepId again = Create(tests::SweepBuilder().Configs(7).Reuse());
  EXPECT_THAT(std::get<core::LeaseReply>(*waiting.get()).leases, SizeIs(1));
  EXPECT_EQ(Counts(again).reused(), 6u);
}

TEST_F(ReuseTest, ManyResultsAreTakenOverInTurnsWithOtherCommands) {
  const core::WorkerId worker = Register("w", 4);
  RunAll(600, worker);
  const core::SweepId again = Create(tests::SweepBuilder().Configs(601).Reuse());
  Answer call = Poll(worker);
  EXPECT_THAT(std::get<core::LeaseReply>(*call.get()).leases, SizeIs(1));
  EXPECT_EQ(Counts(again).reused(), 600u);
}

TEST_F(ReuseTest, AResultOfAnotherEngineIsComputedAgain) {
  RunAll(2, Register("w", 4));
  core::RegisterWorker other;
  other.description = tests::Description("other", 4);
  other.description.engine_fingerprint = "engine-2";
  const core::WorkerId worker = std::get<core::WorkerReply>(*Do(other)).id;
  Create(tests::SweepBuilder().Configs(2).Reuse());
  EXPECT_THAT(Lease(worker, 4), SizeIs(2));
}

}  // namespace
}  // namespace basin::server::runtime
