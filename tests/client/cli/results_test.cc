#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CliResult;
using tests::RunCli;

class ResultsTest : public ::testing::Test {
 protected:
  ResultsTest() {
    server_.sweeps = {tests::SmallSweep()};
    server_.results.mutable_objective()->set_minimize("val_loss");
    server_.results.add_param_paths("train.batch_size");
    AddRow(1, "32", 0.25, true);
    AddRow(0, "16", 0.5, false);
    AddRow(2, "full", 0.75, false);
  }
  void AddRow(uint64_t config, const std::string& batch_size, double mean, bool best) {
    v1::ResultRow& row = *server_.results.add_results();
    row.set_config(config);
    row.add_params(batch_size);
    row.set_best(best);
    row.set_succeeded(2);
    v1::Aggregate& objective = *row.mutable_objective();
    objective.set_n(2);
    objective.set_mean(mean);
    objective.set_std(0.125);
    objective.set_ci_low(mean - 0.1);
    objective.set_ci_high(mean + 0.1);
    v1::Aggregate& accuracy = (*row.mutable_metrics())["val_accuracy"];
    accuracy.set_n(2);
    accuracy.set_mean(0.9375);
  }
  CliResult Run(const std::vector<std::string>& args) { return RunCli(args, server_.address()); }

  tests::FakeCoordinator server_;
};

TEST_F(ResultsTest, TheTableHasARowAConfigAndMarksTheBest) {
  EXPECT_EQ(Run({"results", "k3f9"}).out,
            "   CONFIG  BATCH_SIZE  N  MEAN VAL_LOSS     STD  95% INTERVAL      VAL_ACCURACY\n"
            "*       1  32          2         0.2500  0.1250  0.1500 .. 0.3500        0.9375\n"
            "        0  16          2         0.5000  0.1250  0.4000 .. 0.6000        0.9375\n"
            "        2  full        2         0.7500  0.1250  0.6500 .. 0.8500        0.9375\n");
}

TEST_F(ResultsTest, DivergedAndFailedSeedsAreShownWhereThereAreAny) {
  EXPECT_THAT(Run({"results", "k3f9"}).out, Not(HasSubstr("DIVERGED")));
  server_.results.mutable_results(1)->set_diverged(1);
  EXPECT_THAT(Run({"results", "k3f9"}).out, AllOf(HasSubstr("DIVERGED"), Not(HasSubstr("FAILED"))));
}

TEST_F(ResultsTest, CancelledSeedsAreShownWhereThereAreAny) {
  EXPECT_THAT(Run({"results", "k3f9"}).out, Not(HasSubstr("CANCELLED")));
  server_.results.mutable_results(1)->set_cancelled(1);
  EXPECT_THAT(Run({"results", "k3f9"}).out, HasSubstr("CANCELLED"));
  EXPECT_THAT(Run({"results", "k3f9", "-o", "json"}).out, HasSubstr("\"unfinished\": 0, \"cancelled\": 1"));
  EXPECT_THAT(Run({"results", "k3f9", "-o", "csv"}).out, HasSubstr(",unfinished,cancelled,"));
}

TEST_F(ResultsTest, ACancelledSweepSaysWhatIsMissing) {
  v1::Sweep& sweep = server_.sweeps[0];
  sweep.set_state(v1::SWEEP_STATE_CANCELLED);
  sweep.set_configs(5);
  sweep.mutable_trials()->set_cancelled(6);
  server_.results.set_total_rows(3);
  EXPECT_THAT(Run({"results", "k3f9"}).err, AllOf(HasSubstr("6 cancelled"), HasSubstr("2 configs without a row")));
}

TEST_F(ResultsTest, TheMetricThatRowsAreSortedByIsShownWithItsN) {
  (*server_.results.mutable_results(0)->mutable_metrics())["grad_norm"].set_n(1);
  (*server_.results.mutable_results(0)->mutable_metrics())["grad_norm"].set_mean(0.125);
  const std::string out = Run({"results", "k3f9", "--sort", "-grad_norm"}).out;
  EXPECT_THAT(
      out, AllOf(HasSubstr("  N GRAD_NORM  GRAD_NORM  VAL_ACCURACY\n"), HasSubstr("  1     0.1250        0.9375\n")));
  // What is shown already is not shown twice.
  EXPECT_THAT(Run({"results", "k3f9", "--sort", "val_accuracy"}).out,
              AllOf(HasSubstr("  N VAL_ACCURACY  VAL_ACCURACY\n"), Not(HasSubstr("VAL_ACCURACY  VAL_ACCURACY  VAL"))));
  for (const char* sort : {"val_loss", "batch_size", "-n"}) {
    EXPECT_EQ(Run({"results", "k3f9", "--sort", sort}).out, Run({"results", "k3f9"}).out) << sort;
  }
}

TEST_F(ResultsTest, AnObjectiveAtItsBestIsLabelled) {
  server_.sweeps[0].mutable_spec()->mutable_objective()->set_at(v1::Objective::AT_BEST);
  const CliResult result = Run({"results", "k3f9"});
  EXPECT_THAT(result.out, HasSubstr("MEAN BEST VAL_LOSS"));
  EXPECT_THAT(result.err, HasSubstr("of each trial's best epoch"));
  EXPECT_THAT(Run({"results", "k3f9", "--sort", "val_loss"}).out, HasSubstr("N VAL_LOSS  VAL_LOSS"));
}

TEST_F(ResultsTest, WithoutARowTheValuesThatThereAreAreNamed) {
  server_.results.clear_results();
  EXPECT_THAT(Run({"results", "k3f9", "--where", "batch_size=77"}).err,
              HasSubstr("No config of which a trial has begun meets batch_size=77. batch_size is one of 16, 32.\n"));
  EXPECT_THAT(Run({"results", "k3f9"}).err, Not(HasSubstr("No config")));
}

TEST_F(ResultsTest, JsonHasParamsByPathAndEveryMetric) {
  EXPECT_THAT(
      Run({"results", "k3f9", "--format", "json"}).out,
      AllOf(HasSubstr("\"params\": {\"train.batch_size\": 32}"),
            HasSubstr("\"params\": {\"train.batch_size\": \"full\"}"),
            HasSubstr("\"objective\": \"val_loss\", \"n\": 2, \"mean\": 0.25, \"std\": 0.125"),
            HasSubstr("\"best\": true"), HasSubstr("\"val_accuracy\": {\"n\": 2, \"mean\": 0.9375, \"std\": null"),
            HasSubstr("\"test_loss\": {\"n\": 0, \"mean\": null")));
}

TEST_F(ResultsTest, TopEndsTheList) {
  const std::string out = Run({"results", "k3f9", "--top", "1", "-o", "csv"}).out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
}

TEST_F(ResultsTest, TheServerGroupsFiltersAndSorts) {
  ASSERT_EQ(Run({"results", "k3f9", "--by", "batch_size,schedule", "--where", "schedule=sgdr(a=1, b=2),batch_size<100",
                 "--sort", "-val_accuracy"})
                .exit_code,
            0);
  const v1::ListResultsRequest request = server_.results_requests().at(0);
  EXPECT_THAT(request.by(), ElementsAre("batch_size", "schedule"));
  EXPECT_THAT(request.where(), ElementsAre("schedule=sgdr(a=1, b=2)", "batch_size<100"));
  EXPECT_EQ(request.sort(), "-val_accuracy");
}

TEST_F(ResultsTest, WithByThereIsNoConfig) {
  EXPECT_THAT(Run({"results", "k3f9", "--by", "batch_size"}).out, Not(HasSubstr("CONFIG")));
}

TEST_F(ResultsTest, ARunningSweepIsSaidToBe) {
  EXPECT_THAT(Run({"results", "k3f9"}).err, HasSubstr("3 of 4 trials done"));
}

}  // namespace
}  // namespace basin::client::cli
