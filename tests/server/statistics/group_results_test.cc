#include "server/statistics/group_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "proto/contract/violation.h"
#include "tests/server/statistics/listed_trials.h"

namespace basin::server::statistics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// A sweep of batch sizes 16 and 64 under the schedules constant, cosine: config 0 is (16, constant), 1 (16, cosine),
// 2 (64, constant), 3 (64, cosine). Only cosine has a `cosine.min_factor`.
std::vector<v1::Param> ParamsOf(uint64_t config) {
  std::vector<v1::Param> params(2);
  params[0].set_path("train.batch_size");
  params[0].mutable_value()->set_int_value(config < 2 ? 16 : 64);
  params[1].set_path("train.schedule");
  params[1].mutable_value()->set_string_value(config % 2 == 0 ? "constant" : "cosine");
  if (config % 2 == 1) {
    v1::Param& factor = params.emplace_back();
    factor.set_path("train.schedule.cosine.min_factor");
    factor.mutable_value()->set_double_value(0.125);
  }
  return params;
}

class FourConfigs : public contract::Space {
 public:
  uint64_t size() const override { return 4; }
  std::vector<v1::Param> Params(uint64_t config) const override { return ParamsOf(config); }
  v1::Workload Resolve(uint64_t) const override { return {}; }
  std::vector<std::string> ParamPaths() const override {
    return {"train.batch_size", "train.schedule", "train.schedule.cosine.min_factor"};
  }
  Digit DigitOf(const std::string& path) const override {
    return path == "train.batch_size" ? Digit{.stride = 2, .size = 2} : Digit{.stride = 1, .size = 2};
  }
  std::string DatasetOf(uint64_t) const override { return ""; }
};

TrialValue Trial(uint64_t config, uint64_t seed, double objective) {
  return {config, seed, TrialEnd::kSucceeded, objective, {{"val_loss", objective}, {"val_accuracy", 1 - objective}}};
}
TrialValue Ended(uint64_t config, uint64_t seed, TrialEnd end) { return {config, seed, end, std::nullopt, {}}; }

class GroupResultsTest : public ::testing::Test {
 protected:
  GroupResultsTest() {
    query_.configs = 4;
    query_.seeds = 2;
    query_.param_paths = FourConfigs().ParamPaths();
    query_.metric_names = {"val_loss", "val_accuracy"};
  }
  absl::StatusOr<ResultTable> TryGroup() {
    ListedTrials trials(trials_, query_.configs);
    return GroupResults(query_, FourConfigs(), trials);
  }
  ResultTable Group() {
    auto table = TryGroup();
    EXPECT_TRUE(table.ok()) << table.status();
    return table.ok() ? *std::move(table) : ResultTable();
  }
  std::vector<uint64_t> Order() {
    std::vector<uint64_t> configs;
    for (const ResultRow& row : Group().rows) configs.push_back(row.config.value_or(99));
    return configs;
  }
  std::string ErrorPath() {
    const auto table = TryGroup();
    EXPECT_TRUE(absl::IsInvalidArgument(table.status())) << table.status();
    const auto violations = contract::ViolationsOf(table.status());
    return violations.empty() ? "" : violations[0].path;
  }

  ResultQuery query_;
  // Means: config 0 0.4, 1 0.2, 2 0.6, 3 0.3.
  std::vector<TrialValue> trials_ = {Trial(0, 0, 0.3), Trial(1, 0, 0.1), Trial(2, 0, 0.5), Trial(3, 0, 0.2),
                                     Trial(0, 1, 0.5), Trial(1, 1, 0.3), Trial(2, 1, 0.7), Trial(3, 1, 0.4)};
};

TEST_F(GroupResultsTest, RowAConfigTheBestFirst) {
  const ResultTable table = Group();
  EXPECT_EQ(table.param_paths, query_.param_paths);
  ASSERT_THAT(table.rows, SizeIs(4));
  const ResultRow& first = table.rows[0];
  EXPECT_EQ(first.config, 1u);
  EXPECT_TRUE(first.best);
  EXPECT_TRUE(first.complete);
  EXPECT_THAT(first.params, ElementsAre("16", "cosine", "0.125"));
  EXPECT_EQ(first.objective.n, 2u);
  EXPECT_DOUBLE_EQ(*first.objective.mean, 0.2);
  EXPECT_DOUBLE_EQ(*first.objective.std, std::sqrt(0.02));
  EXPECT_DOUBLE_EQ(*first.metrics.at("val_accuracy").mean, 0.8);
  EXPECT_EQ(first.succeeded, 2u);
  EXPECT_EQ(first.unfinished, 0u);
  EXPECT_THAT(Order(), ElementsAre(1, 3, 0, 2));
}

TEST_F(GroupResultsTest, ParamThatDoesNotApplyIsEmpty) {
  query_.where = {"schedule=constant"};
  EXPECT_THAT(Group().rows.at(0).params, ElementsAre("16", "constant", ""));
}

TEST_F(GroupResultsTest, MaximizedObjectiveHasTheLargestFirst) {
  query_.maximize = true;
  EXPECT_THAT(Order(), ElementsAre(2, 0, 3, 1));
  EXPECT_TRUE(Group().rows[0].best);
}

TEST_F(GroupResultsTest, GroupsAreAveragedPerSeedFirst) {
  query_.by = {"batch_size"};
  const ResultTable table = Group();
  EXPECT_THAT(table.param_paths, ElementsAre("train.batch_size"));
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_THAT(table.rows[0].params, ElementsAre("16"));
  EXPECT_FALSE(table.rows[0].config.has_value());
  // Seed 0: (0.3 + 0.1) / 2, seed 1: (0.5 + 0.3) / 2.
  EXPECT_EQ(table.rows[0].objective.n, 2u);
  EXPECT_DOUBLE_EQ(*table.rows[0].objective.mean, 0.3);
  EXPECT_DOUBLE_EQ(*table.rows[0].objective.std, std::sqrt(0.02));
  EXPECT_EQ(table.rows[0].succeeded, 4u);
  EXPECT_TRUE(table.rows[0].best);
}

TEST_F(GroupResultsTest, ConfigsWithoutTheParamAreAGroup) {
  query_.by = {"min_factor"};
  const ResultTable table = Group();
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_THAT(table.rows[0].params, ElementsAre("0.125"));
  EXPECT_THAT(table.rows[1].params, ElementsAre(""));
}

TEST_F(GroupResultsTest, FieldNamedTwiceIsOneColumn) {
  query_.by = {"batch_size", "train.batch_size"};
  EXPECT_THAT(Group().param_paths, ElementsAre("train.batch_size"));
}

TEST_F(GroupResultsTest, WhereLeavesConfigsOut) {
  query_.where = {"batch_size<64", "schedule=cosine"};
  EXPECT_THAT(Order(), ElementsAre(1));
}

TEST_F(GroupResultsTest, NoConditionHoldsOfAParamThatDoesNotApply) {
  query_.where = {"min_factor!=3"};
  EXPECT_THAT(Order(), ElementsAre(1, 3));
}

TEST_F(GroupResultsTest, RowWithADivergedSeedComesAfterCompleteOnes) {
  trials_[1] = Ended(1, 0, TrialEnd::kDiverged);  // Its other seed alone would be the best.
  EXPECT_THAT(Order(), ElementsAre(3, 0, 2, 1));
  const ResultTable table = Group();
  EXPECT_TRUE(table.rows[0].best);
  EXPECT_FALSE(table.rows[3].complete);
  EXPECT_FALSE(table.rows[3].best);
  EXPECT_EQ(table.rows[3].diverged, 1u);
  EXPECT_EQ(table.rows[3].objective.n, 1u);
}

TEST_F(GroupResultsTest, EveryKindOfEndIsCounted) {
  trials_ = {Ended(0, 0, TrialEnd::kFailed), Ended(0, 1, TrialEnd::kPruned), Ended(1, 0, TrialEnd::kUnfinished),
             Ended(1, 1, TrialEnd::kCancelled)};
  const ResultTable table = Group();
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_EQ(table.rows[0].failed, 1u);
  EXPECT_EQ(table.rows[0].pruned, 1u);
  EXPECT_EQ(table.rows[0].unfinished, 0u);
  EXPECT_EQ(table.rows[1].unfinished, 1u);
  EXPECT_EQ(table.rows[1].cancelled, 1u);
  EXPECT_FALSE(table.rows[0].objective.mean.has_value());
}

TEST_F(GroupResultsTest, TrialsThatWereNeverLeasedAreUnfinishedWhileTheSweepLives) {
  trials_ = {Trial(0, 0, 0.5)};
  EXPECT_EQ(Group().rows.at(0).unfinished, 1u);
  EXPECT_EQ(Group().rows.at(0).cancelled, 0u);
  EXPECT_FALSE(Group().rows.at(0).complete);
}

TEST_F(GroupResultsTest, TrialsThatWereNeverLeasedAreCancelledWithTheirSweep) {
  query_.live = false;
  trials_ = {Trial(0, 0, 0.5), Trial(1, 0, 0.5), Ended(1, 1, TrialEnd::kCancelled)};
  const ResultTable table = Group();
  for (const ResultRow& row : table.rows) {
    EXPECT_EQ(row.unfinished, 0u);
    EXPECT_EQ(row.cancelled, 1u);
    EXPECT_FALSE(row.complete);
  }
}

TEST_F(GroupResultsTest, GroupIsIncompleteWhileAConfigOfItWasNeverLeased) {
  trials_ = {Trial(0, 0, 0.5), Trial(0, 1, 0.5), Trial(2, 0, 0.7),
             Trial(2, 1, 0.7), Trial(3, 0, 0.7), Trial(3, 1, 0.7)};
  query_.by = {"batch_size"};
  const ResultTable table = Group();
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_THAT(table.rows[0].params, ElementsAre("64"));
  EXPECT_TRUE(table.rows[0].best);
  EXPECT_FALSE(table.rows[1].complete);
  EXPECT_EQ(table.rows[1].unfinished, 2u);
}

TEST_F(GroupResultsTest, SpaceTooLargeToLookAtHasNoCompleteGroup) {
  query_.configs = uint64_t{1} << 50;
  query_.by = {"batch_size"};
  const ResultTable table = Group();
  ASSERT_THAT(table.rows, SizeIs(2));
  EXPECT_FALSE(table.rows[0].complete || table.rows[0].best);
}

TEST_F(GroupResultsTest, ObjectiveThatIsNotFiniteIsNoResult) {
  trials_[1].objective = kNan;
  const ResultTable table = Group();
  EXPECT_EQ(table.rows[3].config, 1u);
  EXPECT_EQ(table.rows[3].objective.n, 1u);
  EXPECT_FALSE(table.rows[3].complete);
}

TEST_F(GroupResultsTest, MetricThatIsNotFiniteCountsForNoSeed) {
  trials_[1].metrics["val_accuracy"] = kNan;
  EXPECT_EQ(Group().rows[0].metrics.at("val_accuracy").n, 1u);
}

TEST_F(GroupResultsTest, NoTrialsGiveNoRows) {
  trials_.clear();
  EXPECT_THAT(Group().rows, IsEmpty());
}

struct SortCase {
  const char* sort;
  std::vector<uint64_t> order;
};

TEST_F(GroupResultsTest, SortsByWhatIsNamed) {
  trials_[4].metrics["val_accuracy"] = 0.0;
  const SortCase cases[] = {
      {"mean", {1, 3, 0, 2}},        {"-mean", {2, 0, 3, 1}},        {"batch_size", {0, 1, 2, 3}},
      {"-batch_size", {2, 3, 0, 1}}, {"schedule", {0, 2, 1, 3}},     {"-schedule", {1, 3, 0, 2}},
      {"n", {0, 1, 2, 3}},           {"val_accuracy", {0, 2, 3, 1}}, {"-val_accuracy", {1, 3, 2, 0}},
      {"min_factor", {1, 3, 0, 2}},  {"-min_factor", {1, 3, 0, 2}},
  };
  for (const SortCase& c : cases) {
    query_.sort = c.sort;
    EXPECT_EQ(Order(), c.order) << c.sort;
  }
}

TEST_F(GroupResultsTest, IncompleteRowsComeLastInEitherDirection) {
  trials_[1] = Ended(1, 0, TrialEnd::kFailed);
  for (const char* sort : {"mean", "-mean", "val_loss", "-val_loss", "std", "-std"}) {
    query_.sort = sort;
    EXPECT_EQ(Order().back(), 1u) << sort;
  }
}

TEST_F(GroupResultsTest, TheFewerResultsAreMissingTheEarlierARowComes) {
  query_.seeds = 3;  // Of the third no trial has run but config 2's.
  trials_.push_back(Trial(2, 2, 0.9));
  trials_[1] = Ended(1, 0, TrialEnd::kDiverged);
  for (const char* sort : {"mean", "-mean", "val_loss", "-val_loss"}) {
    query_.sort = sort;
    EXPECT_EQ(Order().front(), 2u) << sort;
    EXPECT_EQ(Order().back(), 1u) << sort;
  }
  query_.sort = "mean";
  EXPECT_THAT(Order(), ElementsAre(2, 3, 0, 1));
  query_.sort = "-mean";
  EXPECT_THAT(Order(), ElementsAre(2, 0, 3, 1));
}

TEST_F(GroupResultsTest, ARowThatLacksValuesOfTheMetricIsNotRankedByTheOthers) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  for (TrialValue& trial : trials_) trial.metrics["examples_to_target"] = 100 * (static_cast<double>(trial.config) + 1);
  trials_[0].metrics["examples_to_target"] = kNever;  // Its other seed alone would be the first.
  for (const char* sort : {"examples_to_target", "-examples_to_target"}) {
    query_.sort = sort;
    EXPECT_EQ(Order().back(), 0u) << sort;
  }
  // The objective has nothing to do with it.
  trials_[1].objective = kNan;
  query_.sort = "examples_to_target";
  EXPECT_THAT(Order(), ElementsAre(1, 2, 3, 0));
}

TEST_F(GroupResultsTest, BestIsMarkedHoweverRowsAreSorted) {
  query_.sort = "-mean";
  EXPECT_TRUE(Group().rows[3].best);
}

TEST_F(GroupResultsTest, OnlyTheWantedRowsAreMade) {
  query_.first_row = 1;
  query_.max_rows = 2;
  const ResultTable table = Group();
  EXPECT_EQ(table.total_rows, 4u);
  EXPECT_THAT(Order(), ElementsAre(3, 0));
  EXPECT_FALSE(table.rows[0].best);
  query_.first_row = 9;
  EXPECT_THAT(Group().rows, IsEmpty());
}

TEST_F(GroupResultsTest, MistakesNameTheirField) {
  query_.by = {"batch_size", "unknown"};
  EXPECT_EQ(ErrorPath(), "by[1]");
  query_.by.clear();
  query_.where = {"unknown=3"};
  EXPECT_EQ(ErrorPath(), "where[0]");
  query_.where.clear();
  query_.sort = "-unknown";
  EXPECT_EQ(ErrorPath(), "sort");
}

TEST_F(GroupResultsTest, GroupsAreNotSortedByAParamThatTheyDoNotShow) {
  query_.by = {"schedule"};
  query_.sort = "batch_size";
  EXPECT_EQ(ErrorPath(), "sort");
}

}  // namespace
}  // namespace basin::server::statistics
