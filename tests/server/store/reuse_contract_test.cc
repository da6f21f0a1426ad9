// Results that other trials take over, as every kind of store finds and keeps them.
#include <map>
#include <memory>
#include <string>

#include "server/core/invariants.h"
#include "server/core/reuse.h"
#include "tests/server/store/store_contract.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;

class ReuseContractTest : public StoreContractTest {
 protected:
  // Sweep `s` of one config and seeds 0 and 1, pinned, whose trial 1 has a result.
  ReuseContractTest() {
    tests::RealSweep sweep;
    sweep.batch_sizes = 1;
    sweep.seeds = 2;
    definition_ = sweep.Build();
    Commit({core::SweepCreated{"s", definition_, "request", "digest", kTime},
            core::WorkerRegistered{"w", tests::Description("name"), kTime, {}},
            core::SweepPinned{"s", {"engine-1", {{"digits", "digest-1"}}}}, First(0), First(1), Succeeded(1, 0.25)});
  }
  core::TrialLeased First(uint64_t index) {
    core::TrialLeased event = Leased(0);
    event.key.index = index;
    event.seed = index;
    if (index == 0) event.workload_digest = core::ReuseDigest(*definition_, 0);
    return event;
  }
  core::Computation Wanted(uint64_t seed) {
    return {core::ReuseDigest(*definition_, 0), seed, "engine-1", "digits", "digest-1"};
  }
  // The first trial of sweep `again` takes the result of s/1 over.
  core::TrialReused Reused() {
    core::TrialReused event;
    event.key = {"again", 1};
    event.seed = 1;
    event.params = definition_->space->Params(0);
    event.objective = 0.25;
    event.result = *store().FindResult(Wanted(1));
    event.at = kTime;
    return event;
  }
};

TEST_P(ReuseContractTest, AResultIsFoundByWhatItWasComputedFrom) {
  specimen_->Reopen();
  const auto found = store().FindResult(Wanted(1));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->trial, "s/1");
  EXPECT_EQ(found->objective, 0.25);
  EXPECT_EQ(found->metrics, (std::map<std::string, double>{{"val_loss", 0.25}}));
  EXPECT_EQ(found->objective_metric, "val_loss");
  EXPECT_EQ(found->outcome.weights_digest, "weights");
  EXPECT_EQ(found->outcome.kind, core::OutcomeKind::kSucceeded);
}

TEST_P(ReuseContractTest, AResultOfAnythingElseIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(Wanted(0)).status())) << "it runs";
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(Wanted(2)).status()));
  core::Computation other = Wanted(1);
  other.engine_fingerprint = "engine-2";
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(other).status()));
  other = Wanted(1);
  other.data_digest = "digest-2";
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(other).status()));
  other = Wanted(1);
  other.workload_digest = std::string(64, '0');
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(other).status()));
}

TEST_P(ReuseContractTest, AResultGoesWithItsSweep) {
  Commit({core::SweepDeleted{"s"}});
  EXPECT_TRUE(absl::IsNotFound(store().FindResult(Wanted(1)).status()));
}

TEST_P(ReuseContractTest, ATrialThatTookAResultOverHasEndedAndIsCounted) {
  Commit({core::SweepCreated{"again", definition_, "", "digest", kTime}});
  Commit({core::SweepPinned{"again", {"engine-1", {{"digits", "digest-1"}}}}, Reused()});
  specimen_->Reopen();
  const core::Snapshot snapshot = Load();
  const core::SweepRecord& sweep = snapshot.sweeps.at(1);
  EXPECT_EQ(sweep.counts, (core::TrialCounts{.pending = 1, .succeeded = 1, .reused = 1}));
  EXPECT_EQ(sweep.best.at(0).index, 1u);
  EXPECT_THAT(snapshot.skipped.at("again"), ElementsAre(0));
  EXPECT_EQ(store().FindFinished({"again", 1})->state, core::TrialState::kSucceeded);
  EXPECT_EQ(core::CheckInvariants(Restored()), absl::OkStatus());
}

TEST_P(ReuseContractTest, WhatWasTakenOverOutlivesItsSourceAndNamesIt) {
  Commit({core::SweepCreated{"again", definition_, "", "digest", kTime}});
  core::TrialReused reused = Reused();
  reused.workload_digest = core::ReuseDigest(*definition_, 0);
  Commit({core::SweepPinned{"again", {"engine-1", {{"digits", "digest-1"}}}}, reused, core::SweepDeleted{"s"}});
  specimen_->Reopen();
  const auto found = store().FindResult(Wanted(1));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->trial, "s/1");
  EXPECT_EQ(found->outcome.weights_digest, "weights");
  EXPECT_EQ(found->metrics.at("val_loss"), 0.25);
}

INSTANTIATE_TEST_SUITE_P(Kinds, ReuseContractTest, kKinds, kKindName);

}  // namespace
}  // namespace basin::server::store
