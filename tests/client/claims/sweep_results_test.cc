#include "client/claims/sweep_results.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/claims/small_claim.h"

namespace basin::client::claims {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kAnyTest[] = "{says: a, of: {batch_size: 16}, against: {batch_size: full}, expect: lower}";

TEST(SweepResultsTest, TheObjectiveCountsAsTheSweepCountsItAndOthersByTheirLastValue) {
  const Claim claim = ClaimOf({kAnyTest});
  SweepResults results(claim.sweeps[0], "k3f9");
  v1::Trial trial;
  trial.set_index(4 + 2);  // The second seed's config 2.
  trial.set_state(v1::TRIAL_STATE_SUCCEEDED);
  trial.set_objective(0.25);  // Of its best epoch.
  (*trial.mutable_metrics())["val_loss"] = 0.5;
  (*trial.mutable_metrics())["test_loss"] = 0.75;
  results.Add(trial);
  EXPECT_EQ(results.Value(2, 1, "val_loss"), 0.25);
  EXPECT_EQ(results.Value(2, 1, "test_loss"), 0.75);
  EXPECT_TRUE(std::isnan(results.Value(2, 0, "val_loss")));
}

TEST(SweepResultsTest, ADivergedTrialHasNoValues) {
  const Claim claim = ClaimOf({kAnyTest});
  SweepResults results(claim.sweeps[0], "k3f9");
  v1::Trial trial;
  trial.set_state(v1::TRIAL_STATE_DIVERGED);
  (*trial.mutable_metrics())["test_loss"] = 1e30;
  results.Add(trial);
  EXPECT_TRUE(std::isnan(results.Value(0, 0, "test_loss")));
  EXPECT_TRUE(std::isnan(results.Value(0, 0, "val_loss")));
}

TEST(SweepResultsTest, TheBestOfASelectionStandsForItAndIsNamed) {
  const Claim claim = ClaimOf({kAnyTest});
  const SweepResults results =
      ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t) { return config == 1 ? 0.1 : 0.2; });
  const Group group = GroupOf(results, claim.tests[0].of, claim.tests[0].against, results.AllSeeds());
  EXPECT_EQ(group.name, "batch_size=16");
  EXPECT_EQ(NameWithBest(group), "batch_size=16 (best with learning_rate=0.2)");
  EXPECT_EQ(group.among, "learning_rate=0.2");
  EXPECT_THAT(group.configs, ElementsAre(0, 1));
  EXPECT_EQ(group.best, 1u);
}

TEST(SweepResultsTest, ASideIsNamedByWhatTheOtherHasNot) {
  const Claim claim = ClaimOf(
      {"{says: a, of: {batch_size: 16, learning_rate: 0.1}, against: {batch_size: [16, full], learning_rate: 0.1}, "
       "expect: lower}"});
  const SweepResults results =
      ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t) { return config == 2 ? 0.1 : 0.2; });
  EXPECT_EQ(GroupOf(results, claim.tests[0].of, claim.tests[0].against, results.AllSeeds()).name, "batch_size=16");
  const Group several = GroupOf(results, claim.tests[0].against, claim.tests[0].of, results.AllSeeds());
  EXPECT_EQ(several.name, "");
  EXPECT_EQ(NameWithBest(several), "batch_size=full");
}

TEST(SweepResultsTest, AConfigWithoutAValueForSomeSeedComesAfterTheOthers) {
  const Claim claim = ClaimOf({kAnyTest});
  const SweepResults results = ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t seed) {
    return config == 0 && seed == 3 ? std::nan("") : static_cast<double>(config);
  });
  EXPECT_EQ(results.Best({0, 1}, results.AllSeeds()), 1u);
  EXPECT_EQ(results.Best({0, 1}, {0, 1, 2}), 0u) << "at the seeds that count it has all values";
}

TEST(SweepResultsTest, GroupsAreTheValuesOfTheirFields) {
  const Claim claim = ClaimOf({kAnyTest});
  const SweepResults results =
      ResultsOf(claim, "val_loss", [](uint64_t config, uint64_t) { return static_cast<double>(config); });
  const std::vector<Group> groups = GroupsOf(results, {}, {"train.learning_rate"});
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_EQ(groups[0].name, "learning_rate=0.1");
  EXPECT_THAT(groups[0].configs, ElementsAre(0, 2));
  EXPECT_EQ(groups[1].among, "batch_size=16");
}

}  // namespace
}  // namespace basin::client::claims
