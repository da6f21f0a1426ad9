#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "proto/contract/workload_size.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

std::vector<uint64_t> Indices(const std::vector<LeaseReply::Lease>& leases) {
  std::vector<uint64_t> indices;
  for (const LeaseReply::Lease& lease : leases) indices.push_back(lease.key.index);
  return indices;
}

std::vector<SweepId> Sweeps(const std::vector<LeaseReply::Lease>& leases) {
  std::vector<SweepId> ids;
  for (const LeaseReply::Lease& lease : leases) ids.push_back(lease.key.sweep);
  return ids;
}

TEST(LeaseTest, SeedsAreTheOutermostLoop) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(2).SeedList({7, 11}).Build());
  scheduler.Register("w", 4);
  std::vector<std::pair<uint64_t, uint64_t>> leased;
  for (const auto& lease : scheduler.Lease("w", 4)) leased.emplace_back(lease.config, lease.seed);
  EXPECT_THAT(leased, ElementsAre(std::pair(0, 7), std::pair(1, 7), std::pair(0, 11), std::pair(1, 11)));
}

TEST(LeaseTest, AnAnswerTakesNoMoreThanAMessageMay) {
  constexpr uint64_t kFat = contract::kMaxLeasedBytes / 3, kThin = 1000;
  Scheduler scheduler;
  scheduler.Create("fat", SweepBuilder().Configs(12).WorkloadBytes(kFat).Build());
  scheduler.Create("thin", SweepBuilder().Configs(12).WorkloadBytes(kThin).Build());
  scheduler.Register("w", 24);
  uint64_t leased = 0;
  while (leased < 24) {
    uint64_t bytes = 0;
    const std::vector<SweepId> sweeps = Sweeps(scheduler.Lease("w", 24));
    for (const SweepId& sweep : sweeps) bytes += sweep == "fat" ? kFat : kThin;
    ASSERT_THAT(sweeps, Not(IsEmpty()));
    ASSERT_LE(bytes, contract::kMaxLeasedBytes);
    leased += sweeps.size();
  }
}

TEST(LeaseTest, AWorkloadThatTakesAllOfAnAnswerIsLeasedAlone) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(2).WorkloadBytes(contract::kMaxLeasedBytes + 1).Build());
  scheduler.Register("w", 2);
  EXPECT_THAT(scheduler.Lease("w", 2), SizeIs(1));
  EXPECT_THAT(scheduler.Lease("w", 2), SizeIs(1));
}

TEST(LeaseTest, GridGivesExactlyItsTrials) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(3).Seeds(2).Build());
  scheduler.Register("w", 4);
  for (int i = 0; i < 3; ++i) {
    for (const auto& lease : scheduler.Lease("w", 2)) scheduler.Succeed("w", lease.key, lease.attempt);
  }
  EXPECT_THAT(scheduler.Lease("w", 4), IsEmpty());
  EXPECT_EQ(scheduler.sweep("s").counts.succeeded, 6u);
}

TEST(LeaseTest, SpaceOfTheLargestSizeIsNotListed) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(uint64_t{1} << 53).Build());
  scheduler.Register("w", 2);
  EXPECT_THAT(Indices(scheduler.Lease("w", 2)), ElementsAre(0, 1));
}

TEST(LeaseTest, LeaseCarriesParamsAttemptAndDefinition) {
  Scheduler scheduler;
  const auto definition = SweepBuilder().Build();
  scheduler.Create("s", definition);
  scheduler.Register("w");
  const auto lease = scheduler.Lease("w").at(0);
  EXPECT_EQ(lease.attempt, 1u);
  EXPECT_EQ(lease.definition, definition);
  const TrialLeased event = scheduler.EventsOf<TrialLeased>().at(0);
  EXPECT_EQ(event.params.at(0).path(), "train.batch_size");
  EXPECT_EQ(event.lease_until, scheduler.now().mono + std::chrono::seconds(30));
}

TEST(LeaseTest, WorkerGetsNoMoreThanItsSlots) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).Build());
  scheduler.Register("w", 3);
  EXPECT_THAT(scheduler.Lease("w", 2), SizeIs(2));
  EXPECT_THAT(scheduler.Lease("w", 2), SizeIs(1));
  EXPECT_THAT(scheduler.Lease("w", 2), IsEmpty());
}

// How many trials the worker is given.
size_t LeaseAhead(Scheduler& scheduler, uint32_t max_trials, uint32_t ahead) {
  LeaseTrials command{"w", max_trials, ""};
  command.ahead = ahead;
  const auto reply = scheduler.Do(command);
  EXPECT_TRUE(reply.ok()) << reply.status();
  return std::get<LeaseReply>(*reply).leases.size();
}

TEST(LeaseTest, WorkerHoldsAsManyAheadAsItAsksForAndNoMoreThanItsSlots) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(20).Build());
  scheduler.Register("w", 2);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 1), 3u);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 1), 0u);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 0), 0u);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 100), 1u);
  scheduler.Succeed("w", {"s", 0}, 1);
  scheduler.Succeed("w", {"s", 1}, 1);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 0), 0u) << "the two that were ahead have the slots now";
  EXPECT_EQ(LeaseAhead(scheduler, 1, 2), 1u) << "no more than it asks for";
}

TEST(LeaseTest, TrialsOfLimitedSweepsNeverWaitForASlot) {
  Scheduler scheduler;
  scheduler.Create("parallel", SweepBuilder().Configs(10).MaxParallel(8).Build());
  scheduler.Create("timed", SweepBuilder().Configs(10).TrialSeconds(1).Build());
  scheduler.Register("w", 4);
  EXPECT_EQ(LeaseAhead(scheduler, 10, 4), 4u);
  scheduler.Create("free", SweepBuilder().Configs(2).Build());
  EXPECT_EQ(LeaseAhead(scheduler, 10, 4), 2u);
  EXPECT_EQ(scheduler.sweep("free").counts.running, 2u);
}

TEST(LeaseTest, TheTrialsThatMustNotWaitAreTheFirstOfTheAnswer) {
  Scheduler scheduler;
  scheduler.Create("free", SweepBuilder().Configs(10).Build());
  scheduler.Create("timed", SweepBuilder().Configs(1).TrialSeconds(1).Build());
  scheduler.Register("w", 2);
  LeaseTrials command{"w", 10, ""};
  command.ahead = 2;
  const auto reply = scheduler.Do(command);
  ASSERT_TRUE(reply.ok()) << reply.status();
  const auto& leases = std::get<LeaseReply>(*reply).leases;
  ASSERT_THAT(leases, SizeIs(4));
  EXPECT_EQ(leases[0].key.sweep, "timed");
}

TEST(LeaseTest, UnknownWorkerIsNotFound) {
  Scheduler scheduler;
  EXPECT_EQ(scheduler.Do(LeaseTrials{"w", 1, ""}).status().code(), absl::StatusCode::kNotFound);
}

TEST(LeaseTest, NothingToDoGivesAnEmptyReplyAndNoOtherEvents) {
  Scheduler scheduler;
  scheduler.Register("w");
  EXPECT_THAT(scheduler.Lease("w", 1, "r1"), IsEmpty());
  EXPECT_THAT(scheduler.events(), SizeIs(1));
  EXPECT_THAT(scheduler.EventsOf<LeasesRenewed>(), SizeIs(1));
}

TEST(LeaseTest, PausedSweepGivesNothing) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("w");
  ASSERT_TRUE(scheduler.Do(PauseSweep{"s"}).ok());
  EXPECT_THAT(scheduler.Lease("w"), IsEmpty());
  ASSERT_TRUE(scheduler.Do(ResumeSweep{"s"}).ok());
  EXPECT_THAT(scheduler.Lease("w"), SizeIs(1));
}

TEST(LeaseTest, MaxParallelBoundsTheSweep) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).MaxParallel(3).Build());
  scheduler.Register("a", 2);
  scheduler.Register("b", 4);
  EXPECT_THAT(scheduler.Lease("a", 2), SizeIs(2));
  EXPECT_THAT(scheduler.Lease("b", 4), SizeIs(1));
  scheduler.Succeed("a", {"s", 0}, 1);
  EXPECT_THAT(scheduler.Lease("b", 4), SizeIs(1));
}

TEST(LeaseTest, HigherPriorityIsServedFirst) {
  Scheduler scheduler;
  scheduler.Create("low", SweepBuilder().Configs(3).Build());
  scheduler.Create("zhigh", SweepBuilder().Configs(3).Priority(5).Build());
  scheduler.Register("w", 5);
  EXPECT_THAT(Sweeps(scheduler.Lease("w", 5)),
              ::testing::UnorderedElementsAre("zhigh", "zhigh", "zhigh", "low", "low"));
}

TEST(LeaseTest, EqualSweepsShareTheSlots) {
  Scheduler scheduler;
  scheduler.Create("a", SweepBuilder().Configs(100).Build());
  scheduler.Register("w", 6);
  scheduler.Lease("w", 2);
  scheduler.Create("b", SweepBuilder().Configs(100).Build());
  scheduler.Lease("w", 4);
  EXPECT_EQ(scheduler.sweep("a").counts.running, 3u);
  EXPECT_EQ(scheduler.sweep("b").counts.running, 3u);
}

TEST(LeaseTest, EqualSweepsTakeTurnsOnOneSlot) {
  Scheduler scheduler;
  scheduler.Create("a", SweepBuilder().Configs(9).Build());
  scheduler.Create("b", SweepBuilder().Configs(9).Build());
  scheduler.Register("w");
  std::vector<SweepId> order;
  for (int i = 0; i < 4; ++i) {
    const auto lease = scheduler.Lease("w").at(0);
    order.push_back(lease.key.sweep);
    scheduler.Succeed("w", lease.key, 1);
  }
  EXPECT_THAT(order, ElementsAre("a", "b", "a", "b"));
}

TEST(LeaseTest, WorkerWithoutTheDataSetGetsNothing) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Dataset("mnist").Build());
  scheduler.Register("w");
  EXPECT_THAT(scheduler.Lease("w"), IsEmpty());
}

TEST(LeaseTest, LaterWorkersNeedThePinnedDigest) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(4).Build());
  scheduler.Register("first");
  scheduler.Lease("first");
  EXPECT_EQ(scheduler.sweep("s").pins.digests.at("digits"), "digest-1");
  WorkerDescription other = Description("other");
  other.datasets["digits"] = "digest-2";
  scheduler.Register("other", other);
  EXPECT_THAT(scheduler.Lease("other"), IsEmpty());
  scheduler.Register("same");
  EXPECT_THAT(scheduler.Lease("same"), SizeIs(1));
}

TEST(LeaseTest, LaterWorkersNeedThePinnedEngine) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(4).Build());
  scheduler.Register("first");
  scheduler.Lease("first");
  EXPECT_EQ(scheduler.sweep("s").pins.engine_fingerprint, "engine-1");
  WorkerDescription other = Description("other");
  other.engine_fingerprint = "engine-2";
  scheduler.Register("other", other);
  EXPECT_THAT(scheduler.Lease("other"), IsEmpty());
}

TEST(LeaseTest, PinsAreFixedAnewWhileThereIsNothingToCompareWith) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Build());
  scheduler.Register("first");
  scheduler.Lease("first");
  ASSERT_TRUE(scheduler.Do(UnregisterWorker{"first"}).ok());
  WorkerDescription other = Description("other");
  other.engine_fingerprint = "engine-2";
  scheduler.Register("other", other);
  EXPECT_THAT(scheduler.Lease("other"), SizeIs(1));
  EXPECT_EQ(scheduler.sweep("s").pins.engine_fingerprint, "engine-2");
}

TEST(LeaseTest, TrialThatTheWorkerCannotRunIsPassedOver) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder()
                            .Configs(4)
                            .DatasetOf([](uint64_t config) { return config % 2 == 0 ? "mnist" : "digits"; })
                            .Build());
  scheduler.Register("w", 4);
  EXPECT_THAT(Indices(scheduler.Lease("w", 4)), ElementsAre(1, 3));
  WorkerDescription other = Description("other", 4);
  other.datasets["mnist"] = "digest-m";
  scheduler.Register("other", other);
  EXPECT_THAT(Indices(scheduler.Lease("other", 4)), ElementsAre(0, 2));
}

TEST(LeaseTest, LookAheadBoundsWhatIsPassedOver) {
  Settings settings;
  settings.look_ahead = 3;
  Scheduler scheduler(settings);
  scheduler.Create("s", SweepBuilder()
                            .Configs(100)
                            .DatasetOf([](uint64_t config) { return config == 2 || config == 5 ? "digits" : "mnist"; })
                            .Build());
  scheduler.Register("w", 4);
  EXPECT_THAT(Indices(scheduler.Lease("w", 4)), ElementsAre(2));
  EXPECT_THAT(scheduler.state().FindSweep("s")->skipped, ElementsAre(0, 1));
  scheduler.Register("m", [] {
    WorkerDescription description = Description("m");
    description.datasets = {{"mnist", "digest-m"}};
    return description;
  }());
  EXPECT_THAT(Indices(scheduler.Lease("m")), ElementsAre(0));
  EXPECT_THAT(Indices(scheduler.Lease("w", 4)), ElementsAre(5));
}

TEST(LeaseTest, RepeatedRequestGetsTheSameTrials) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).Build());
  scheduler.Register("w", 4);
  EXPECT_THAT(Indices(scheduler.Lease("w", 2, "r1")), ElementsAre(0, 1));
  EXPECT_THAT(Indices(scheduler.Lease("w", 2, "r1")), ElementsAre(0, 1));
  EXPECT_THAT(Indices(scheduler.Lease("w", 2, "r2")), ElementsAre(2, 3));
}

TEST(LeaseTest, RepeatedRequestLeavesOutWhatIsNoLongerHeld) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).Build());
  scheduler.Register("w", 4);
  scheduler.Lease("w", 2, "r1");
  scheduler.Succeed("w", {"s", 0}, 1);
  EXPECT_THAT(Indices(scheduler.Lease("w", 2, "r1")), ElementsAre(1));
}

TEST(LeaseTest, QueuedTrialsComeBeforeNewOnes) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).Build());
  scheduler.Register("w", 3);
  scheduler.Lease("w", 3);
  scheduler.End("w", {"s", 1}, 1, OutcomeKind::kReleased);
  const auto lease = scheduler.Lease("w").at(0);
  EXPECT_EQ(lease.key.index, 1u);
  EXPECT_EQ(lease.attempt, 2u);
}

}  // namespace
}  // namespace basin::server::core
