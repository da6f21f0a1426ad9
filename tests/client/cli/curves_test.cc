#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"
#include "tests/support/temp_dir.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CliResult;
using tests::RunCli;

// Two batch sizes, two seeds, three epochs; config 1 is the better one.
class CurvesTest : public ::testing::Test {
 protected:
  CurvesTest() {
    v1::Sweep sweep = tests::SmallSweep();
    sweep.set_state(v1::SWEEP_STATE_FINISHED);
    server_.sweeps = {sweep};
    server_.results.add_param_paths("train.batch_size");
    for (const uint64_t config : {1, 0}) {
      v1::ResultRow& row = *server_.results.add_results();
      row.set_config(config);
      row.add_params(config == 0 ? "16" : "32");
    }
    server_.results.set_total_rows(2);
    for (const uint64_t trial : {0, 1, 2, 3}) {
      for (const uint64_t epoch : {1, 2, 3}) {
        // 0.5 beside 0.25 in the last epoch; the second seed a quarter above the first.
        const double loss = 1.5 / (1.0 + static_cast<double>(trial % 2)) / static_cast<double>(epoch);
        Add(trial, "val_loss", epoch, trial < 2 ? loss : loss + 0.25);
        Add(trial, "val_accuracy", epoch, 0.5);
      }
    }
  }
  void Add(uint64_t trial, const std::string& metric, uint64_t epoch, double value) {
    v1::TrialPoint& point = server_.points.emplace_back(tests::Point(trial, metric, 10 * epoch, value));
    point.mutable_point()->set_epoch(static_cast<double>(epoch));
  }
  CliResult Run(std::vector<std::string> args) {
    args.insert(args.begin(), "curves");
    return RunCli(args, server_.address());
  }
  std::string File(const std::string& name) const {
    std::ifstream file(dir_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string Path(const std::string& name) const { return (dir_.path() / name).string(); }

  const tests::TempDir dir_;
  tests::FakeCoordinator server_;
};

TEST_F(CurvesTest, DrawsTheBestConfigsFirstOverOneScale) {
  EXPECT_EQ(Run({"k3f9"}).out,
            "1. config 1, val_loss 0.375 after 3 epochs (mean of 2): batch_size=32\n"
            "1.8 ┤\n"
            "    ┤\n"
            "    ┤\n"
            "    ┤▇\n"
            "    ┤█▅▂\n"
            "    ┤███\n"
            "  0 ┼───\n"
            "    0  3 epochs\n"
            "\n"
            "2. config 0, val_loss 0.625 after 3 epochs (mean of 2): batch_size=16\n"
            "1.8 ┤▃\n"
            "    ┤█\n"
            "    ┤█\n"
            "    ┤█▇▁\n"
            "    ┤███\n"
            "    ┤███\n"
            "  0 ┼───\n"
            "    0  3 epochs\n");
}

TEST_F(CurvesTest, RowsHaveTheMeanAndItsIntervalOfEachEvaluation) {
  EXPECT_THAT(Run({"k3f9", "-o", "csv"}).out,
              AllOf(HasSubstr("config,batch_size,epoch,step,n,mean,ci_low,ci_high\n1,32,1,10,2,0.875,"),
                    HasSubstr("\n1,32,3,30,2,0.375,"), HasSubstr("\n0,16,1,10,2,1.625,")));
  EXPECT_THAT(Run({"k3f9", "-o", "json"}).out,
              HasSubstr("{\"config\": 1, \"params\": {\"train.batch_size\": 32}, \"epoch\": 1, \"step\": 10, \"n\": 2, "
                        "\"mean\": 0.875, \"ci_low\": -0.71"));
  EXPECT_THAT(Run({"k3f9", "-o", "table"}).out, HasSubstr("CONFIG  BATCH_SIZE  EPOCH"));
}

TEST_F(CurvesTest, TopLeavesTheOthersAway) {
  EXPECT_THAT(Run({"k3f9", "--top", "1"}).out, AllOf(HasSubstr("config 1"), Not(HasSubstr("config 0"))));
  EXPECT_THAT(Run({"k3f9", "--top", "1", "-o", "csv"}).out, AllOf(HasSubstr("\n1,32"), Not(HasSubstr("\n0,16"))));
}

TEST_F(CurvesTest, AnotherMetricIsShownByItsName) {
  EXPECT_THAT(Run({"k3f9", "--metric", "val_accuracy"}).out, HasSubstr("val_accuracy 0.5 after 3 epochs"));
  const CliResult wrong = Run({"k3f9", "--metric", "val_acuracy"});
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("did you mean 'val_accuracy'?"));
}

TEST_F(CurvesTest, APictureHasTheBestInColorAndTheRestInGrey) {
  const CliResult result = Run({"k3f9", "--top", "1", "--out", Path("curves.svg")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("2 curves of 2 configs written to "));
  EXPECT_THAT(File("curves.svg"),
              AllOf(HasSubstr(">small k3f9: val_loss"), HasSubstr(">1. config 1, val_loss 0.375 after"),
                    HasSubstr("<title>2. config 0, val_loss 0.625 after"), HasSubstr("1 config after them"),
                    Not(HasSubstr("logarithmic"))));
}

TEST_F(CurvesTest, ALossOverTwoDecadesIsDrawnOnLogarithms) {
  for (v1::TrialPoint& point : server_.points) {
    if (point.point().step() == 30) point.mutable_point()->set_value(0.001);
  }
  ASSERT_EQ(Run({"k3f9", "--out", Path("curves.html")}).exit_code, 0);
  EXPECT_THAT(File("curves.html"), AllOf(HasSubstr("<!DOCTYPE html>"), HasSubstr("logarithmic")));
}

TEST_F(CurvesTest, WithoutPointsItSaysSoAndWritesNoFile) {
  server_.points.clear();
  const CliResult result = Run({"k3f9", "--out", Path("curves.svg")});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("no points of val_loss"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "curves.svg"));
  EXPECT_EQ(Run({"k3f9", "-o", "json"}).out, "[]\n");
}

TEST_F(CurvesTest, ABadCommandLineIsAUsageError) {
  EXPECT_EQ(Run({"k3f9", "--out", "curves.png"}).exit_code, 2);
  EXPECT_EQ(Run({"k3f9", "--out", "curves.svg", "-o", "csv"}).exit_code, 2);
  EXPECT_EQ(Run({"k3f9", "--top", "0"}).exit_code, 2);
  EXPECT_EQ(Run({"k3f9", "--top", "29"}).exit_code, 2);
}

}  // namespace
}  // namespace basin::client::cli
