// What every store promises, whatever its kind.
#include "tests/server/store/store_contract.h"

#include <cmath>
#include <limits>
#include <map>

#include "server/core/invariants.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Describe;
using tests::History;
using tests::RealSweep;

TEST_P(StoreContractTest, NewStoreIsEmpty) {
  EXPECT_EQ(Describe(Restored()), "");
  EXPECT_TRUE(absl::IsNotFound(store().FindFinished({"s", 0}).status()));
  EXPECT_TRUE(absl::IsNotFound(store().FindRequest("request").status()));
  EXPECT_TRUE(absl::IsNotFound(store().FindSpec("s").status()));
}

TEST_P(StoreContractTest, RestoredStateIsTheStateReachedByApplying) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::unique_ptr<Specimen> specimen = GetParam().second();
    History history(seed * 7919, &specimen->store());
    for (int step = 0; step < 60; ++step) {
      const absl::Status status = history.Step();
      ASSERT_TRUE(status.ok()) << status;
      if (step % 8 != 0) continue;
      specimen->Reopen();
      history.UseStore(&specimen->store());
      const auto snapshot = specimen->store().Load();
      ASSERT_TRUE(snapshot.ok()) << snapshot.status();
      const core::State restored = core::State::Restore({}, *snapshot, {});
      ASSERT_EQ(core::CheckInvariants(restored), absl::OkStatus());
      ASSERT_EQ(Describe(restored), Describe(history.state()));
      // Half of the histories go on with what was restored.
      if (seed % 2 == 0) history.Restart();
    }
  }
}

TEST_P(StoreContractTest, EveryEndOfARandomHistoryIsFound) {
  History history(4711, &store());
  std::map<core::TrialKey, core::FinishedTrial> ended;
  for (int step = 0; step < 300; ++step) {
    const std::vector<core::Event> events = history.StepWithoutCommit();
    for (const core::Event& event : events) {
      if (const auto* end = std::get_if<core::TrialFinished>(&event)) {
        ended[end->key] = {end->state, end->attempt, end->outcome ? end->outcome->Identity() : "", end->next_sequence};
      } else if (const auto* retried = std::get_if<core::TrialRetried>(&event)) {
        ended.erase(retried->key);
      } else if (const auto* deleted = std::get_if<core::SweepDeleted>(&event)) {
        std::erase_if(ended, [&](const auto& entry) { return entry.first.sweep == deleted->id; });
      }
    }
    Commit(events);
  }
  specimen_->Reopen();
  ASSERT_GT(ended.size(), 20u);
  for (const auto& [key, expected] : ended) {
    SCOPED_TRACE(testing::Message() << key.sweep << "/" << key.index);
    const auto found = store().FindFinished(key);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->state, expected.state);
    EXPECT_EQ(found->attempt, expected.attempt);
    EXPECT_EQ(found->outcome_identity, expected.outcome_identity);
    EXPECT_EQ(found->next_sequence, expected.next_sequence);
  }
}

TEST_P(StoreContractTest, FailedCommitLeavesNothing) {
  Begin();
  Commit({Leased(0)});
  const std::string before = Describe(Restored());
  specimen_->BreakNextCommit();
  std::vector<core::Event> events = {Leased(1), Succeeded(0, 0.5)};
  for (uint64_t i = 0; i < 2000; ++i) events.push_back(Points(1, i, {{"val_loss", i, 1, 1, 1}}));
  EXPECT_TRUE(absl::IsResourceExhausted(store().Commit(events)));
  EXPECT_EQ(Describe(Restored()), before);
  EXPECT_TRUE(absl::IsNotFound(store().FindFinished({"s", 0}).status()));
}

TEST_P(StoreContractTest, CommitsGoOnAfterAFailedOne) {
  Begin();
  specimen_->BreakNextCommit();
  std::vector<core::Event> events = {Leased(0)};
  for (uint64_t i = 0; i < 2000; ++i) events.push_back(Points(0, i, {{"a-new-name", i, 1, 1, 1}}));
  EXPECT_FALSE(store().Commit(events).ok());
  specimen_->Mend();
  Commit({Leased(0), Points(0, 0, {{"a-new-name", 1, 2, 1, 1}})});
  specimen_->Reopen();
  const core::Snapshot snapshot = Load();
  ASSERT_THAT(snapshot.open, SizeIs(1));
  EXPECT_EQ(snapshot.open[0].next_sequence, 1u);
  EXPECT_EQ(snapshot.open[0].last, (std::map<std::string, double>{{"a-new-name", 2}}));
}

TEST_P(StoreContractTest, PointsOfASequenceThatIsThereAreDropped) {
  Begin();
  Commit({Leased(0), Points(0, 0, {{"val_loss", 1, 0.5, 1, 1}, {"val_loss", 2, 0.25, 2, 2}})});
  Commit({Points(0, 1, {{"val_loss", 2, 99, 99, 2}, {"val_loss", 3, 0.75, 3, 3}})});
  specimen_->Reopen();
  const core::Snapshot snapshot = Load();
  ASSERT_THAT(snapshot.open, SizeIs(1));
  EXPECT_EQ(snapshot.open[0].next_sequence, 3u);
  EXPECT_EQ(snapshot.open[0].last.at("val_loss"), 0.75);
  EXPECT_EQ(snapshot.open[0].best_objective, 0.25);
  EXPECT_EQ(snapshot.open[0].epoch, 3);
}

TEST_P(StoreContractTest, ValuesThatAreNoNumbersSurvive) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Begin();
  Commit(
      {Leased(0), Points(0, 0, {{"a", 1, std::nan(""), 1, 1}, {"b", 1, kInfinity, 1, 1}, {"c", 1, -kInfinity, 1, 1}})});
  specimen_->Reopen();
  const core::Snapshot snapshot = Load();
  ASSERT_THAT(snapshot.open, SizeIs(1));
  EXPECT_TRUE(std::isnan(snapshot.open[0].last.at("a")));
  EXPECT_EQ(snapshot.open[0].last.at("b"), kInfinity);
  EXPECT_EQ(snapshot.open[0].last.at("c"), -kInfinity);
}

TEST_P(StoreContractTest, ProbingChangesNothing) {
  Begin();
  Commit({Leased(0)});
  const std::string before = Describe(Restored());
  EXPECT_EQ(store().Probe(), absl::OkStatus());
  specimen_->Reopen();
  EXPECT_EQ(Describe(Restored()), before);
}

TEST_P(StoreContractTest, PointsOfAnEarlierAttemptDoNotCount) {
  Begin();
  Commit({Leased(0), Points(0, 0, {{"val_loss", 1, 0.125, 1, 1}})});
  Commit({core::TrialRequeued{{"s", 0}, 1, 1, "lost", kTime}, Leased(0, 2)});
  specimen_->Reopen();
  const core::Snapshot snapshot = Load();
  ASSERT_THAT(snapshot.open, SizeIs(1));
  EXPECT_EQ(snapshot.open[0].next_sequence, 0u);
  EXPECT_THAT(snapshot.open[0].last, IsEmpty());
  EXPECT_EQ(snapshot.open[0].best_objective, std::nullopt);
}

// Of a trial's first attempt.
core::Checkpoint AfterItsFirstPoint() {
  core::Checkpoint checkpoint;
  checkpoint.attempt = 1;
  checkpoint.file = {core::ArtifactKind::kCheckpoint, "checkpoint-1.safetensors", 1, 100, "sha"};
  checkpoint.progress = {.next_sequence = 1, .last = {{"val_loss", 0.5}}, .best_objective = 0.5, .epoch = 1};
  return checkpoint;
}

TEST_P(StoreContractTest, PointsBeforeTheCheckpointCountForTheNextAttempt) {
  Begin();
  const core::Checkpoint checkpoint = AfterItsFirstPoint();
  Commit({Leased(0), Points(0, 0, {{"val_loss", 1, 0.5, 1, 1}}), core::CheckpointAdded{{"s", 0}, checkpoint, kTime},
          Points(0, 1, {{"val_loss", 2, 0.25, 2, 2}}), core::TrialRequeued{{"s", 0}, 1, 1, "lost", kTime}});
  specimen_->Reopen();
  ASSERT_THAT(Load().queued, SizeIs(1));
  ASSERT_THAT(Load().queued[0].checkpoints, SizeIs(1));
  EXPECT_EQ(Load().queued[0].checkpoints[0].file.sha256, "sha");
  EXPECT_EQ(Load().queued[0].checkpoints[0].progress.best_objective, 0.5);
  core::TrialLeased again = Leased(0, 2);
  again.from = checkpoint;
  Commit({again});
  specimen_->Reopen();
  ASSERT_THAT(Load().open, SizeIs(1));
  EXPECT_EQ(Load().open[0].next_sequence, 1u);
  EXPECT_EQ(Load().open[0].best_objective, 0.5);
  Commit({Finished(0, core::TrialState::kFailed, 2), core::TrialRetried{{"s", 0}, 2}});
  specimen_->Reopen();
  EXPECT_THAT(Load().queued.at(0).checkpoints, IsEmpty());
}

// As after a restart while the sweep had ended: then no checkpoint of its trials is read.
TEST_P(StoreContractTest, ATrialThatBeginsAtItsStartHasNoCheckpointOfBefore) {
  Begin();
  const core::Checkpoint checkpoint = AfterItsFirstPoint();
  Commit({Leased(0), Points(0, 0, {{"val_loss", 1, 0.5, 1, 1}}), core::CheckpointAdded{{"s", 0}, checkpoint, kTime},
          core::TrialRequeued{{"s", 0}, 1, 0, "released", kTime}, Leased(0, 2)});
  specimen_->Reopen();
  ASSERT_THAT(Load().open, SizeIs(1));
  EXPECT_THAT(Load().open[0].checkpoints, IsEmpty());
  Commit({core::TrialRequeued{{"s", 0}, 2, 0, "released", kTime}});
  specimen_->Reopen();
  ASSERT_THAT(Load().queued, SizeIs(1));
  EXPECT_THAT(Load().queued[0].checkpoints, IsEmpty());
}

TEST_P(StoreContractTest, PassedOverTrialsAreRememberedUntilTheyAreLeased) {
  Begin(10);
  Commit({Leased(6), Leased(3), Leased(0), Leased(5), Leased(4)});
  specimen_->Reopen();
  EXPECT_THAT(Load().skipped.at("s"), ElementsAre(1, 2));
  EXPECT_EQ(Load().next_index.at("s"), 7u);
}

TEST_P(StoreContractTest, BestTrialsAreRankedByObjectiveAndThenByIndex) {
  Begin();
  Commit({Leased(0), Leased(1), Leased(2), Succeeded(2, 0.5)});
  specimen_->Reopen();
  Commit({Succeeded(0, 0.75), Succeeded(1, 0.5)});
  specimen_->Reopen();
  EXPECT_THAT(Load().sweeps.at(0).best,
              ElementsAre(core::RankedTrial{1, 0.5}, core::RankedTrial{2, 0.5}, core::RankedTrial{0, 0.75}));
}

TEST_P(StoreContractTest, NoMoreBestTrialsAreRememberedThanHaveTheirWeightsKept) {
  Begin(core::kBestTrials + 2);
  for (uint64_t index = 0; index < core::kBestTrials + 2; ++index) {
    Commit({Leased(index), Succeeded(index, 1.0 / static_cast<double>(1 + index))});
    specimen_->Reopen();
  }
  const std::vector<core::RankedTrial> best = Load().sweeps.at(0).best;
  ASSERT_THAT(best, SizeIs(core::kBestTrials));
  EXPECT_EQ(best.front().index, core::kBestTrials + 1);
  EXPECT_EQ(best.back().index, 2u);
}

TEST_P(StoreContractTest, RequestIsFoundWithItsSweep) {
  Begin();
  specimen_->Reopen();
  const auto found = store().FindRequest("request");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->id, "s");
  EXPECT_EQ(found->spec_digest, "digest");
}

TEST_P(StoreContractTest, SweepsWithoutARequestAreNotFoundByTheEmptyOne) {
  const auto definition = RealSweep().Build();
  Commit(
      {core::SweepCreated{"a", definition, "", "digest", kTime}, core::SweepCreated{"b", definition, "", "x", kTime}});
  EXPECT_TRUE(absl::IsNotFound(store().FindRequest("").status()));
}

TEST_P(StoreContractTest, SpecComesBackByteForByte) {
  Begin();
  specimen_->Reopen();
  const auto spec = store().FindSpec("s");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->SerializeAsString(), definition_->spec.SerializeAsString());
}

TEST_P(StoreContractTest, FailedTrialsComeInOrderWithTheirAttempts) {
  Begin();
  Commit({Leased(0), Leased(1), Leased(2)});
  Commit({core::TrialRequeued{{"s", 2}, 1, 1, "lost", kTime}, Leased(2, 2), Finished(2, core::TrialState::kFailed, 2),
          Finished(0, core::TrialState::kFailed), Succeeded(1, 1)});
  specimen_->Reopen();
  const auto failed = store().FailedTrials("s");
  ASSERT_TRUE(failed.ok());
  ASSERT_THAT(*failed, SizeIs(2));
  EXPECT_EQ((*failed)[0].index, 0u);
  EXPECT_EQ((*failed)[0].attempts, 1u);
  EXPECT_EQ((*failed)[1].index, 2u);
  EXPECT_EQ((*failed)[1].attempts, 2u);
}

TEST_P(StoreContractTest, RetriedTrialHasNotEnded) {
  Begin();
  Commit({Leased(0), Finished(0, core::TrialState::kFailed)});
  Commit({core::TrialRetried{{"s", 0}, 1}});
  specimen_->Reopen();
  EXPECT_TRUE(absl::IsNotFound(store().FindFinished({"s", 0}).status()));
  const core::Snapshot snapshot = Load();
  ASSERT_THAT(snapshot.queued, SizeIs(1));
  EXPECT_EQ(snapshot.queued[0].attempts, 1u);
  EXPECT_EQ(snapshot.queued[0].failures, 0u);
}

TEST_P(StoreContractTest, DeletedSweepLeavesNothing) {
  Begin();
  Commit({Leased(0), Points(0, 0, {{"val_loss", 1, 0.5, 1, 1}}), Succeeded(0, 0.5), Leased(1),
          Finished(1, core::TrialState::kFailed), core::PendingCancelled{"s", 2},
          core::SweepStateChanged{"s", core::SweepState::kCancelled, "", nullptr, kTime}, core::SweepDeleted{"s"}});
  specimen_->Reopen();
  EXPECT_THAT(Load().sweeps, IsEmpty());
  EXPECT_TRUE(absl::IsNotFound(store().FindFinished({"s", 0}).status()));
  EXPECT_TRUE(absl::IsNotFound(store().FindRequest("request").status()));
  EXPECT_TRUE(absl::IsNotFound(store().FindSpec("s").status()));
  EXPECT_THAT(*store().FailedTrials("s"), IsEmpty());
}

TEST_P(StoreContractTest, IdAndRequestOfADeletedSweepMayBeUsedAgain) {
  Begin();
  Commit({Leased(0), Succeeded(0, 0.5), core::SweepDeleted{"s"}});
  Commit({core::SweepCreated{"s", definition_, "request", "other", kTime}});
  specimen_->Reopen();
  EXPECT_EQ(store().FindRequest("request")->spec_digest, "other");
  EXPECT_TRUE(absl::IsNotFound(store().FindFinished({"s", 0}).status()));
  EXPECT_EQ(Load().sweeps.at(0).counts.pending, 4u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, StoreContractTest, kKinds, kKindName);

}  // namespace
}  // namespace basin::server::store
