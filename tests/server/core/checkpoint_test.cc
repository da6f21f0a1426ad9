#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::LossAt;
using tests::Scheduler;
using tests::SweepBuilder;

const TrialKey kFirst{"s", 0};

// A sweep whose first trial runs on worker "w".
class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest() {
    scheduler_.Create("s", SweepBuilder().Build());
    scheduler_.Register("w");
    EXPECT_THAT(scheduler_.Lease("w"), SizeIs(1));
  }
  static std::string Digest(uint64_t step) { return absl::StrCat("digest-", step); }
  absl::Status Save(uint32_t attempt, uint64_t step, uint64_t next_sequence, const WorkerId& worker = "w") {
    const Artifact file{ArtifactKind::kCheckpoint, "checkpoint", step, 100, Digest(step)};
    return scheduler_.Do(AddCheckpoint{worker, kFirst, attempt, next_sequence, file}).status();
  }
  absl::StatusOr<std::optional<Checkpoint>> Reject(uint32_t attempt, uint64_t step) {
    const auto reply = scheduler_.Do(RejectCheckpoint{"w", kFirst, attempt, Digest(step)});
    if (!reply.ok()) return reply.status();
    return std::get<RejectReply>(*reply).from;
  }
  ReportReply::Result Tell(uint32_t attempt, uint64_t first, std::vector<Point> points) {
    return scheduler_.Report("w", TrialReport{kFirst, attempt, first, std::move(points), std::nullopt, std::nullopt});
  }
  // The worker hands the trial back and gets it again.
  LeaseReply::Lease LeaseAgain(uint32_t attempt) {
    scheduler_.End("w", kFirst, attempt, OutcomeKind::kReleased);
    const auto leases = scheduler_.Lease("w");
    EXPECT_EQ(leases.at(0).key, kFirst);
    return leases.at(0);
  }
  const RunningTrial& Running() const { return *scheduler_.state().FindRunning(kFirst); }

  Scheduler scheduler_;
};

TEST_F(CheckpointTest, NextAttemptGoesOnFromTheNewest) {
  Tell(1, 0, {LossAt(1, 3), LossAt(2, 2)});
  ASSERT_TRUE(Save(1, 2, 2).ok());
  Tell(1, 2, {LossAt(3, 1)});
  const LeaseReply::Lease lease = LeaseAgain(1);
  ASSERT_TRUE(lease.from.has_value());
  EXPECT_EQ(lease.from->file.sha256, Digest(2));
  EXPECT_EQ(lease.from->progress.next_sequence, 2u);
  // What the lost attempt told after it is forgotten: the next one tells it again.
  EXPECT_THAT(Running().last, UnorderedElementsAre(Pair("val_loss", 2)));
  EXPECT_EQ(Running().best_objective, 2);
  EXPECT_EQ(Tell(2, 2, {LossAt(3, 1)}).next_sequence, 3u);
}

TEST_F(CheckpointTest, OfAStaleAttemptChangesNothing) {
  Tell(1, 0, {LossAt(1, 3)});
  LeaseAgain(1);
  EXPECT_TRUE(absl::IsAborted(Save(1, 1, 1)));
  EXPECT_THAT(scheduler_.events(), IsEmpty());
  EXPECT_THAT(Running().checkpoints, IsEmpty());
}

TEST_F(CheckpointTest, OfAnotherWorkerChangesNothing) {
  scheduler_.Register("other");
  EXPECT_TRUE(absl::IsAborted(Save(1, 0, 0, "other")));
  EXPECT_TRUE(absl::IsNotFound(Save(1, 0, 0, "unknown")));
  EXPECT_THAT(Running().checkpoints, IsEmpty());
}

TEST_F(CheckpointTest, WithPointsThatTheServerHasNotIsRefused) {
  Tell(1, 0, {LossAt(1, 3)});
  EXPECT_TRUE(absl::IsFailedPrecondition(Save(1, 2, 2)));
  EXPECT_TRUE(absl::IsFailedPrecondition(Save(1, 2, 0)));
  EXPECT_THAT(Running().checkpoints, IsEmpty());
}

TEST_F(CheckpointTest, RepeatedChangesNothing) {
  ASSERT_TRUE(Save(1, 5, 0).ok());
  ASSERT_TRUE(Save(1, 5, 0).ok());
  EXPECT_THAT(scheduler_.EventsOf<CheckpointAdded>(), IsEmpty());
  EXPECT_THAT(Running().checkpoints, SizeIs(1));
}

TEST_F(CheckpointTest, OfAnEarlierStepIsRefused) {
  ASSERT_TRUE(Save(1, 5, 0).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(Save(1, 4, 0)));
  EXPECT_THAT(Running().checkpoints, SizeIs(1));
}

TEST_F(CheckpointTest, TwoGenerationsAreKept) {
  for (uint64_t step = 1; step <= 4; ++step) ASSERT_TRUE(Save(1, step, 0).ok());
  ASSERT_THAT(Running().checkpoints, SizeIs(2));
  EXPECT_EQ(Running().checkpoints[0].file.step, 3u);
  EXPECT_EQ(Running().checkpoints[1].file.step, 4u);
}

TEST_F(CheckpointTest, RenewsTheLease) {
  scheduler_.Advance(20);
  ASSERT_TRUE(Save(1, 1, 0).ok());
  scheduler_.Advance(20);
  scheduler_.Expire();
  EXPECT_NE(scheduler_.state().FindRunning(kFirst), nullptr);
}

TEST_F(CheckpointTest, RejectedFallsBackOneGenerationAndThenToTheStart) {
  Tell(1, 0, {LossAt(1, 3)});
  ASSERT_TRUE(Save(1, 1, 1).ok());
  Tell(1, 1, {LossAt(2, 2)});
  ASSERT_TRUE(Save(1, 2, 2).ok());
  EXPECT_EQ(LeaseAgain(1).from->file.step, 2u);
  auto other = Reject(2, 2);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->file.step, 1u);
  EXPECT_EQ(Running().next_sequence, 1u);
  EXPECT_THAT(Running().last, UnorderedElementsAre(Pair("val_loss", 3)));
  // The answer was lost.
  other = Reject(2, 2);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ((*other)->file.step, 1u);
  other = Reject(2, 1);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_FALSE(other->has_value());
  EXPECT_EQ(Running().next_sequence, 0u);
  EXPECT_THAT(Running().last, IsEmpty());
  EXPECT_THAT(Running().checkpoints, IsEmpty());
}

TEST_F(CheckpointTest, CantBeRejectedOnceTheAttemptHasTold) {
  ASSERT_TRUE(Save(1, 1, 0).ok());
  LeaseAgain(1);
  Tell(2, 0, {LossAt(2, 2)});
  EXPECT_TRUE(absl::IsFailedPrecondition(Reject(2, 1).status()));
  EXPECT_TRUE(absl::IsAborted(Reject(1, 1).status()));
}

TEST_F(CheckpointTest, ASignOfLifeBeforeTheFirstPointIsNoGap) {
  Tell(1, 0, {LossAt(1, 3)});
  ASSERT_TRUE(Save(1, 1, 1).ok());
  LeaseAgain(1);
  ASSERT_TRUE(Reject(2, 1).ok());
  // On its way while the checkpoint was rejected.
  EXPECT_TRUE(Tell(2, 1, {}).status.ok());
  EXPECT_TRUE(absl::IsOutOfRange(Tell(2, 1, {LossAt(2, 2)}).status));
}

TEST_F(CheckpointTest, RepeatedLeaseNamesItAgain) {
  ASSERT_TRUE(Save(1, 1, 0).ok());
  scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased);
  EXPECT_EQ(scheduler_.Lease("w", 1, "call").at(0).from->file.step, 1u);
  EXPECT_EQ(scheduler_.Lease("w", 1, "call").at(0).from->file.step, 1u);
}

TEST_F(CheckpointTest, WeightsAreTakenOfTheOpenAttemptAlone) {
  const Artifact file{ArtifactKind::kWeights, "weights", 3, 100, "digest"};
  EXPECT_TRUE(scheduler_.Do(AddWeights{"w", kFirst, 1, file}).ok());
  EXPECT_TRUE(scheduler_.Do(AddWeights{"w", kFirst, 1, file}).ok()) << "repeated";
  EXPECT_TRUE(absl::IsAborted(scheduler_.Do(AddWeights{"w", kFirst, 2, file}).status()));
  EXPECT_TRUE(absl::IsNotFound(scheduler_.Do(AddWeights{"nobody", kFirst, 1, file}).status()));
  LeaseAgain(1);
  EXPECT_TRUE(absl::IsAborted(scheduler_.Do(AddWeights{"w", kFirst, 1, file}).status()));
}

}  // namespace
}  // namespace basin::server::core
