// Trials that take the results of others over.

#include "server/core/reuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "proto/contract/canonical.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

KnownResult ResultOf(double loss) {
  KnownResult result;
  result.trial = "old/7";
  result.metrics = {{"val_loss", loss}, {"val_accuracy", 0.75}};
  result.objective = loss;
  result.objective_metric = "val_loss";
  result.outcome.kind = OutcomeKind::kSucceeded;
  result.outcome.weights_digest = "weights";
  return result;
}

class ReuseTest : public ::testing::Test {
 protected:
  void Begin(SweepBuilder sweep = SweepBuilder().Configs(4), uint32_t slots = 2) {
    scheduler_.Create("s", sweep.Reuse().Build());
    scheduler_.Register("w", slots);
  }
  LeaseReply Ask(std::map<TrialKey, std::optional<KnownResult>> known = {}, uint32_t max_trials = 2) {
    LeaseTrials command{"w", max_trials, "", "", std::move(known)};
    return std::get<LeaseReply>(*scheduler_.Do(command));
  }
  static std::vector<uint64_t> Indices(const std::map<TrialKey, Computation>& look_up) {
    std::vector<uint64_t> indices;
    for (const auto& [key, computation] : look_up) indices.push_back(key.index);
    return indices;
  }
  static TrialKey Key(uint64_t index) { return {"s", index}; }

  Scheduler scheduler_;
};

TEST_F(ReuseTest, WhatHasToBeKnownFirstIsAskedForAndNothingIsLeased) {
  Begin(SweepBuilder().Configs(2).SeedList({7, 11}));
  const LeaseReply reply = Ask();
  EXPECT_THAT(reply.leases, IsEmpty());
  EXPECT_THAT(Indices(reply.look_up), ::testing::ElementsAre(0, 1));
  const Computation& computation = reply.look_up.at(Key(1));
  EXPECT_EQ(computation.workload_digest,
            contract::CanonicalDigest(tests::FakeSpace(2, [](uint64_t) { return "digits"; }).Resolve(1)));
  EXPECT_EQ(computation.seed, 7u);
  EXPECT_EQ(computation.engine_fingerprint, "engine-1");
  EXPECT_EQ(computation.dataset, "digits");
  EXPECT_EQ(computation.data_digest, "digest-1");
  EXPECT_EQ(scheduler_.sweep("s").counts.pending, 4u);
}

TEST_F(ReuseTest, TrialsWithoutAResultAreLeased) {
  Begin();
  const LeaseReply reply = Ask({{Key(0), std::nullopt}, {Key(1), std::nullopt}});
  EXPECT_THAT(reply.leases, SizeIs(2));
  EXPECT_THAT(reply.look_up, IsEmpty());
}

TEST_F(ReuseTest, AKnownResultIsTakenOverAndTheNextTrialLeased) {
  Begin();
  const LeaseReply reply = Ask({{Key(0), ResultOf(0.25)}, {Key(1), std::nullopt}}, 1);
  ASSERT_THAT(reply.leases, SizeIs(1));
  EXPECT_EQ(reply.leases[0].key.index, 1u);
  const SweepRecord& sweep = scheduler_.sweep("s");
  EXPECT_EQ(sweep.counts, (TrialCounts{.pending = 2, .running = 1, .succeeded = 1, .reused = 1}));
  EXPECT_THAT(sweep.best, ::testing::ElementsAre(RankedTrial{0, 0.25}));
  EXPECT_EQ(sweep.pins.engine_fingerprint, "engine-1");
  ASSERT_THAT(scheduler_.EventsOf<TrialReused>(), SizeIs(1));
  EXPECT_EQ(scheduler_.EventsOf<TrialReused>()[0].result.trial, "old/7");
}

TEST_F(ReuseTest, WhatIsKnownIsTakenOverAlsoWhenTheRestHasToBeLookedUp) {
  Begin();
  const LeaseReply reply = Ask({{Key(0), ResultOf(0.25)}, {Key(1), std::nullopt}});
  EXPECT_THAT(reply.leases, IsEmpty());
  EXPECT_THAT(Indices(reply.look_up), ::testing::ElementsAre(2, 3));
  EXPECT_EQ(scheduler_.sweep("s").counts.reused, 1u);
  EXPECT_EQ(scheduler_.sweep("s").counts.pending, 3u);
}

// Trial 3 ends at once, so that 0 to 2 would be left behind it until 4 is looked up.
TEST(ReuseLookAheadTest, WhatWouldBeLeftBehindBeyondTheBoundIsLeasedAtOnce) {
  for (const uint64_t look_ahead : {2, 3}) {
    Settings settings;
    settings.look_ahead = look_ahead;
    Scheduler scheduler(settings);
    scheduler.Create("s", SweepBuilder().Configs(10).Reuse().Build());
    scheduler.Register("w", 4);
    std::map<TrialKey, std::optional<KnownResult>> known;
    for (const uint64_t index : {0, 1, 2}) known[{"s", index}] = std::nullopt;
    known[{"s", 3}] = ResultOf(0.25);
    const auto reply = std::get<LeaseReply>(*scheduler.Do(LeaseTrials{"w", 4, "", "", std::move(known)}));
    const bool at_once = look_ahead == 2;
    EXPECT_THAT(reply.leases, SizeIs(at_once ? 3 : 0));
    EXPECT_EQ(reply.look_up.empty(), at_once);
    EXPECT_THAT(scheduler.state().FindSweep("s")->skipped, SizeIs(at_once ? 0 : 3));
    EXPECT_EQ(scheduler.sweep("s").counts.reused, 1u);
  }
}

TEST_F(ReuseTest, ASweepOfKnownResultsEndsWithoutALease) {
  Begin(SweepBuilder().Configs(2));
  const LeaseReply reply = Ask({{Key(0), ResultOf(0.25)}, {Key(1), ResultOf(0.125)}});
  EXPECT_THAT(reply.leases, IsEmpty());
  EXPECT_THAT(reply.look_up, IsEmpty());
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFinished);
  EXPECT_EQ(scheduler_.sweep("s").counts, (TrialCounts{.succeeded = 2, .reused = 2}));
}

TEST_F(ReuseTest, MoreIsLookedUpAtATimeTheMoreIsKnownButNotWithoutEnd) {
  Begin(SweepBuilder().Configs(1000));
  std::map<TrialKey, std::optional<KnownResult>> known;
  size_t most = 0;
  for (int turn = 0; turn < 8; ++turn) {
    const LeaseReply reply = Ask(known);
    most = std::max(most, reply.look_up.size());
    for (const auto& [key, computation] : reply.look_up) known[key] = ResultOf(0.5);
  }
  EXPECT_EQ(most, 64u);
  EXPECT_GT(scheduler_.sweep("s").counts.reused, 100u);
}

TEST_F(ReuseTest, ASweepThatDidNotAskForItLooksNothingUp) {
  scheduler_.Create("plain", SweepBuilder().Build());
  scheduler_.Register("w", 2);
  EXPECT_THAT(Ask().leases, SizeIs(2));
}

TEST_F(ReuseTest, ATrialThatHasBegunIsNotLookedUp) {
  Begin(SweepBuilder().Configs(1));
  const auto lease = Ask({{Key(0), std::nullopt}}).leases.at(0);
  scheduler_.End("w", lease.key, lease.attempt, OutcomeKind::kReleased);
  const LeaseReply reply = Ask();
  EXPECT_THAT(reply.look_up, IsEmpty());
  EXPECT_THAT(reply.leases, SizeIs(1));
}

TEST_F(ReuseTest, AReportOfATrialThatTookAResultOverIsLost) {
  Begin();
  Ask({{Key(0), ResultOf(0.25)}, {Key(1), ResultOf(0.5)}});
  EXPECT_EQ(scheduler_.Succeed("w", Key(0), 1).directive, Directive::kLost);
}

TEST_F(ReuseTest, MaxParallelHoldsForWhatIsLeased) {
  Begin(SweepBuilder().Configs(4).MaxParallel(1));
  const LeaseReply reply = Ask({{Key(0), ResultOf(0.25)}, {Key(1), std::nullopt}, {Key(2), std::nullopt}});
  EXPECT_THAT(reply.leases, SizeIs(1));
  EXPECT_EQ(scheduler_.sweep("s").counts.reused, 1u);
}

TEST_F(ReuseTest, TheFirstAttemptOfAConfigsFirstSeedCarriesTheDigest) {
  scheduler_.Create("s", SweepBuilder().Configs(1).Seeds(2).Build());
  scheduler_.Register("w", 2);
  scheduler_.Lease("w", 2);
  const std::vector<TrialLeased> leased = scheduler_.EventsOf<TrialLeased>();
  ASSERT_THAT(leased, SizeIs(2));
  EXPECT_THAT(leased[0].workload_digest, SizeIs(64));
  EXPECT_EQ(leased[1].workload_digest, "");
}

std::shared_ptr<const SweepDefinition> WithAClock(bool clock) {
  v1::SweepSpec spec;
  spec.set_name("s");
  spec.mutable_objective()->set_minimize("val_loss");
  spec.mutable_seeds()->set_count(1);
  v1::TrainWorkload& train = *spec.mutable_base()->mutable_train();
  train.mutable_dataset()->set_name("digits");
  train.mutable_model()->mutable_softmax_regression();
  train.set_epochs(1);
  train.set_batch_size(16);
  train.set_learning_rate(0.1);
  if (clock) train.mutable_stopping()->set_seconds(5);
  return *SweepDefinition::Create(spec);
}

TEST(ReuseDigestTest, ATrialThatAClockMayStopHasNone) {
  EXPECT_EQ(ReuseDigest(*WithAClock(true), 0), "");
  EXPECT_THAT(ReuseDigest(*WithAClock(false), 0), SizeIs(64));
}

// As the sweep's first trial with a result.
std::optional<TrialReused> TakeOverFirst(const SweepDefinition& sweep, const KnownResult& result) {
  return TakeOver(sweep, BestTrials{.maximize = sweep.maximize, .ranked = {}}, 0, result);
}

TEST(TakeOverTest, TheObjectiveIsThatOfTheSweepThatTakesIt) {
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Build(), ResultOf(0.5))->objective, 0.5);
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Maximize("val_accuracy").Build(), ResultOf(0.5))->objective, 0.75);
  EXPECT_FALSE(TakeOverFirst(*SweepBuilder().Maximize("test_accuracy").Build(), ResultOf(0.5)));
}

TEST(TakeOverTest, ABestValueIsTakenOverFromTheSameObjectiveAlone) {
  KnownResult result = ResultOf(0.5);
  const auto sweep = SweepBuilder().AtBest().Build();
  EXPECT_FALSE(TakeOverFirst(*sweep, result));
  result.objective_at_best = true;
  result.objective = 0.375;
  EXPECT_EQ(TakeOverFirst(*sweep, result)->objective, 0.375);
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Build(), result)->objective, 0.5);
  EXPECT_FALSE(TakeOverFirst(*SweepBuilder().AtBest().Maximize("val_loss").Build(), result));
}

TEST(TakeOverTest, WhatIsNotFiniteDiverged) {
  KnownResult result = ResultOf(std::numeric_limits<double>::infinity());
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Build(), result)->state, TrialState::kDiverged);
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Maximize("val_accuracy").Build(), result)->state, TrialState::kSucceeded);
  result.outcome.kind = OutcomeKind::kDiverged;
  EXPECT_EQ(TakeOverFirst(*SweepBuilder().Maximize("val_accuracy").Build(), result)->state, TrialState::kDiverged);
}

const Artifact kWeights{ArtifactKind::kWeights, "weights.safetensors", 10, 100, "sha"};

TEST(TakeOverTest, WeightsAreTakenOverByASweepThatKeepsThem) {
  const auto keeps = SweepBuilder().Keep(v1::Keep::WEIGHTS_ALL).Build();
  KnownResult result = ResultOf(0.5);
  EXPECT_FALSE(TakeOverFirst(*keeps, result));
  result.weights = kWeights;
  EXPECT_TRUE(TakeOverFirst(*keeps, result)->result.weights);
  EXPECT_FALSE(TakeOverFirst(*SweepBuilder().Build(), result)->result.weights);
}

TEST(TakeOverTest, ASweepThatKeepsTheBestWeightsTakesThoseOfSuchTrialsIfThereAreAny) {
  const auto keeps = SweepBuilder().Keep(v1::Keep::WEIGHTS_BEST).Build();
  const BestTrials best{.maximize = false, .ranked = std::vector<RankedTrial>(kBestTrials, {3, 0.5})};
  const auto has_weights = [&](uint64_t index, double loss) {
    KnownResult result = ResultOf(loss);
    result.weights = kWeights;
    return TakeOver(*keeps, best, index, result)->result.weights.has_value();
  };
  EXPECT_TRUE(has_weights(2, 0.5));
  EXPECT_TRUE(has_weights(4, 0.25));
  EXPECT_FALSE(has_weights(4, 0.5));
  EXPECT_FALSE(has_weights(2, 0.75));
  const auto without = TakeOver(*keeps, best, 2, ResultOf(0.25));
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->result.weights);
}

TEST_F(ReuseTest, OfASweepThatKeepsTheBestWeightsAFormerBestTrialLosesThem) {
  constexpr uint64_t kTrials = kBestTrials + 2;
  Begin(SweepBuilder().Configs(kTrials).Keep(v1::Keep::WEIGHTS_BEST));
  std::map<TrialKey, std::optional<KnownResult>> known;
  for (uint64_t index = 0; index < kTrials; ++index) {
    // The first is the worst but for the last.
    known[Key(index)] = ResultOf(index == 0 ? 0.75 : index == kTrials - 1 ? 0.875 : 0.5);
    known[Key(index)]->weights = kWeights;
  }
  Ask(known);
  EXPECT_EQ(scheduler_.sweep("s").best.at(0).index, 1u);
  std::vector<bool> with_weights;
  for (const TrialReused& reused : scheduler_.EventsOf<TrialReused>()) {
    with_weights.push_back(reused.result.weights.has_value());
  }
  std::vector<bool> expected(kTrials, true);
  expected.back() = false;
  EXPECT_EQ(with_weights, expected);
  ASSERT_THAT(scheduler_.EventsOf<WeightsDropped>(), SizeIs(1));
  EXPECT_EQ(scheduler_.EventsOf<WeightsDropped>()[0].key.index, 0u);
}

}  // namespace
}  // namespace basin::server::core
