#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/core/invariants.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using tests::Scheduler;
using tests::SweepBuilder;

// A sweep of six trials: 0 succeeded, 1 was passed over, 2 runs (attempt 2), 3 is queued, 4 and 5 were never reached.
Snapshot SomeSnapshot() {
  Snapshot snapshot;
  SweepRecord sweep;
  sweep.id = "s";
  sweep.definition = SweepBuilder().Configs(3).SeedList({7, 9}).TrialSeconds(100).Build();
  sweep.configs = 3;
  sweep.seeds = 2;
  sweep.request_id = "r";
  sweep.spec_digest = "d";
  sweep.counts = {.pending = 4, .running = 1, .succeeded = 1};
  sweep.best = {{0, 0.5}};
  snapshot.sweeps.push_back(sweep);
  snapshot.queued.push_back({{"s", 3}, 1, 1});
  OpenTrial open;
  open.key = {"s", 2};
  open.attempt = 2;
  open.failures = 1;
  open.worker = "w";
  open.next_sequence = 5;
  open.last = {{"val_loss", 0.25}};
  snapshot.open.push_back(open);
  snapshot.skipped["s"] = {1};
  snapshot.next_index["s"] = 4;
  snapshot.workers.push_back({"w", tests::Description("w", 8), WorkerState::kConnected, {}, 1});
  return snapshot;
}

Scheduler Restored() { return Scheduler(State::Restore({}, SomeSnapshot(), Scheduler().now())); }

TEST(RestoreTest, StateAgreesWithItself) { EXPECT_EQ(CheckInvariants(Restored().state()), absl::OkStatus()); }

TEST(RestoreTest, OpenAttemptGoesOnWhereItWas) {
  Scheduler scheduler = Restored();
  TrialReport report{{"s", 2}, 2, 5, {}, Outcome{}, std::nullopt};
  report.outcome->kind = OutcomeKind::kSucceeded;
  EXPECT_TRUE(scheduler.Report("w", report).status.ok());
  EXPECT_THAT(scheduler.sweep("s").best, ::testing::ElementsAre(RankedTrial{2, 0.25}, RankedTrial{0, 0.5}));
}

TEST(RestoreTest, OpenLeaseGetsOneFreshTerm) {
  Scheduler scheduler = Restored();
  EXPECT_EQ(scheduler.state().NextDeadline(), scheduler.now().mono + std::chrono::seconds(30));
  scheduler.Advance(30);
  scheduler.Expire();
  EXPECT_EQ(scheduler.state().FindSweep("s")->queued.at(2).failures, 2u);
  EXPECT_EQ(scheduler.worker_state("w"), WorkerState::kLost);
}

TEST(RestoreTest, EveryPendingTrialIsLeasedOnceInOrder) {
  Scheduler scheduler = Restored();
  std::vector<std::pair<uint64_t, uint32_t>> leased;
  for (const auto& lease : scheduler.Lease("w", 8)) leased.emplace_back(lease.key.index, lease.attempt);
  EXPECT_THAT(leased, ElementsAre(std::pair(1, 1), std::pair(3, 2), std::pair(4, 1), std::pair(5, 1)));
}

TEST(RestoreTest, RunningTrialKnowsItsConfigAndSeed) {
  const Scheduler scheduler = Restored();
  const RunningTrial* trial = scheduler.state().FindRunning({"s", 2});
  EXPECT_EQ(trial->config, 2u);
  EXPECT_EQ(trial->seed, 7u);
}

TEST(RestoreTest, RequestIdsAreKnown) {
  Scheduler scheduler = Restored();
  const auto reply = scheduler.Do(CreateSweep{"new", SweepBuilder().Build(), "r", "d", std::nullopt});
  EXPECT_EQ(std::get<SweepReply>(reply.value()).id, "s");
}

TEST(RestoreTest, EndedSweepNeedsNoDefinition) {
  Snapshot snapshot;
  SweepRecord sweep;
  sweep.id = "s";
  sweep.state = SweepState::kFinished;
  sweep.configs = 2;
  sweep.seeds = 1;
  sweep.counts = {.diverged = 1, .failed = 1};
  snapshot.sweeps.push_back(sweep);
  Scheduler scheduler(State::Restore({}, snapshot, Scheduler().now()));
  EXPECT_EQ(CheckInvariants(scheduler.state()), absl::OkStatus());
  ASSERT_TRUE(scheduler.Do(RetrySweep{"s", {{1, 3}}, SweepBuilder().Build()}).ok());
  scheduler.Register("w");
  EXPECT_EQ(scheduler.Lease("w").at(0).attempt, 4u);
}

TEST(RestoreDeathTest, LiveSweepWithoutItsDefinitionEndsTheProcess) {
  Snapshot snapshot = SomeSnapshot();
  snapshot.sweeps[0].definition.reset();
  EXPECT_DEATH(State::Restore({}, snapshot, {}), "a live sweep was restored without its definition");
}

TEST(RestoreTest, TrialWhoseWorkerIsForgottenIsLeasedAgain) {
  Snapshot snapshot = SomeSnapshot();
  snapshot.workers.clear();
  Scheduler scheduler(State::Restore({}, snapshot, Scheduler().now()));
  scheduler.Advance(30);
  scheduler.Expire();
  EXPECT_EQ(scheduler.sweep("s").counts.running, 0u);
}

}  // namespace
}  // namespace basin::server::core
