// The weights of the best trials, as the core decides and every kind of store keeps them, with a restart between any
// two commands.
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "server/core/reuse.h"
#include "tests/server/store/store_contract.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint32_t kTrials = core::kBestTrials + 2;

class KeptWeightsContractTest : public StoreContractTest {
 protected:
  // Sweep `s`, of one config, whose trials all run on one worker.
  void Begin(v1::Keep::Weights keep) {
    tests::RealSweep sweep;
    sweep.batch_sizes = 1;
    sweep.seeds = kTrials;
    sweep.max_attempts = 1;
    v1::SweepSpec spec = sweep.Build()->spec;
    spec.mutable_keep()->set_weights(keep);
    definition_ = *core::SweepDefinition::Create(spec);
    Commit({core::SweepCreated{"s", definition_, "request", "digest", kTime},
            core::WorkerRegistered{"w", tests::Description("name", kTrials), kTime, {}}});
    Do(core::LeaseTrials{"w", kTrials, ""});
  }
  // A restart, the command, its commit.
  void Do(const core::Command& command) {
    specimen_->Reopen();
    tests::Scheduler scheduler(Restored());
    const auto reply = scheduler.Do(command);
    ASSERT_TRUE(reply.ok()) << reply.status();
    Commit(scheduler.events());
  }
  void Upload(uint64_t index) {
    const std::string sha = "sha" + std::to_string(index);
    Do(core::AddWeights{"w", {"s", index}, 1, {core::ArtifactKind::kWeights, "weights.safetensors", 7, 100, sha}});
  }
  void End(uint64_t index, double loss, core::OutcomeKind kind = core::OutcomeKind::kSucceeded) {
    Upload(index);
    core::TrialReport report;
    report.key = {"s", index};
    report.attempt = 1;
    report.points = {tests::LossAt(1, loss)};
    report.outcome.emplace().kind = kind;
    Do(core::Report{"w", {report}});
  }
  // The trials with a result that have weights.
  std::set<uint64_t> Kept() {
    specimen_->Reopen();
    std::set<uint64_t> kept;
    for (uint64_t seed = 0; seed < kTrials; ++seed) {
      const auto result =
          store().FindResult({core::ReuseDigest(*definition_, 0), seed, "engine-1", "digits", "digest-1"});
      if (!result.ok() || !result->weights) continue;
      EXPECT_EQ(result->weights->sha256, "sha" + std::to_string(seed));
      kept.insert(seed);
    }
    return kept;
  }
};

TEST_P(KeptWeightsContractTest, AreThoseOfTheBestTrialsAfterEachEnd) {
  Begin(v1::Keep::WEIGHTS_BEST);
  EXPECT_THAT(Kept(), IsEmpty());
  std::set<uint64_t> expected;
  for (uint64_t index = 2; index < kTrials; ++index) {
    End(index, index == 5 ? 0.75 : 0.5);
    expected.insert(index);
    EXPECT_EQ(Kept(), expected);
  }
  End(0, 0.875);
  EXPECT_EQ(Kept(), expected);
  End(1, 0.625);
  expected.erase(5);
  expected.insert(1);
  EXPECT_EQ(Kept(), expected);
}

TEST_P(KeptWeightsContractTest, AreNeverThoseOfATrialThatDivergedOrFailed) {
  Begin(v1::Keep::WEIGHTS_BEST);
  End(0, 0.1, core::OutcomeKind::kDiverged);
  End(1, 0.1, core::OutcomeKind::kError);
  EXPECT_THAT(Kept(), IsEmpty());
  End(2, 0.5);
  EXPECT_THAT(Kept(), ElementsAre(2));
}

TEST_P(KeptWeightsContractTest, AreAllWhereAllAreWanted) {
  Begin(v1::Keep::WEIGHTS_ALL);
  End(1, 0.5);
  End(2, 0.25);
  EXPECT_THAT(Kept(), ElementsAre(1, 2));
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeptWeightsContractTest, kKinds, kKindName);

}  // namespace
}  // namespace basin::server::store
