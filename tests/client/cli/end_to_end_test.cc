// The client with a real coordinator and a real worker.
#include <algorithm>
#include <csignal>
#include <fstream>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/program_files.h"
#include "tests/client/cli/tiny_sweeps.h"
#include "tests/support/child_process.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace basin::client {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using tests::Binary;
using tests::CliResult;
using tests::kEndless;
using tests::kTiny;
using tests::Lines;
using tests::ReadFile;
using tests::RunCli;

// `basin up` as a process, for all tests of this file.
class ServiceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = new tests::TempDir();
    up_ = new tests::ChildProcess(
        {Binary("basin"), "up", "--quiet", "--listen", "127.0.0.1:0", "--data-dir", (dir_->path() / "data").string()},
        dir_->path() / "up.log");
    ASSERT_TRUE(tests::Eventually([] { return up_->LogText().find('\n') != std::string::npos || !up_->IsRunning(); }));
    server_ = new std::string(Lines(up_->LogText()).at(0));
    ASSERT_TRUE(tests::Eventually([] { return Run({"workers"}).out.find("CONNECTED") != std::string::npos; }));
  }
  static void TearDownTestSuite() {
    delete up_;
    delete dir_;
    delete server_;
  }
  static CliResult Run(const std::vector<std::string>& args, const std::string& input = "") {
    return RunCli(args, *server_, input);
  }
  static std::string Submit(const std::string& spec) {
    const CliResult result = Run({"submit", "-"}, spec);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out.substr(0, result.out.find('\n'));
  }

  static tests::TempDir* dir_;
  static tests::ChildProcess* up_;
  static std::string* server_;
};
tests::TempDir* ServiceTest::dir_ = nullptr;
tests::ChildProcess* ServiceTest::up_ = nullptr;
std::string* ServiceTest::server_ = nullptr;

TEST_F(ServiceTest, ASweepIsSubmittedWatchedAndCompared) {
  const CliResult submitted = Run({"submit", "-", "--watch"}, kTiny);
  ASSERT_EQ(submitted.exit_code, 0) << submitted.err;
  ASSERT_THAT(Lines(submitted.out), SizeIs(1));
  const std::string id = Lines(submitted.out)[0];

  EXPECT_THAT(Run({"list"}).out, HasSubstr(id));
  EXPECT_THAT(Run({"show", id.substr(0, 6)}).out, AllOf(HasSubstr("FINISHED"), HasSubstr("4 of 4 trials done")));
  EXPECT_THAT(Lines(Run({"trials", id, "-o", "csv"}).out), SizeIs(5));
  EXPECT_THAT(Lines(Run({"results", id, "-o", "csv"}).out), SizeIs(3));
  EXPECT_THAT(Run({"results", id, "-o", "json"}).out, AllOf(HasSubstr("\"n\": 2"), HasSubstr("\"best\": true")));
  EXPECT_THAT(Lines(Run({"results", id, "--by", "batch_size", "--top", "1", "-o", "csv"}).out), SizeIs(2));
  EXPECT_THAT(Lines(Run({"results", id, "--where", "batch_size=full", "-o", "csv"}).out), SizeIs(2));
  // Two points of each metric for every trial.
  const std::string points = Run({"export", id}).out;
  size_t val_loss = 0;
  for (const std::string& line : Lines(points)) val_loss += line.find(",val_loss,") != std::string::npos;
  EXPECT_EQ(val_loss, 8u);
  EXPECT_THAT(Lines(Run({"export", id, "--format", "jsonl"}).out), SizeIs(Lines(points).size() - 1));

  // Both seeds of both epochs of both configs.
  const std::vector<std::string> curves = Lines(Run({"curves", id, "--metric", "test_accuracy", "-o", "csv"}).out);
  ASSERT_THAT(curves, SizeIs(5));
  for (size_t i = 1; i < curves.size(); ++i) EXPECT_THAT(curves[i], HasSubstr(i % 2 == 1 ? ",1," : ",2,"));
  const std::string picture = (dir_->path() / "curves.svg").string();
  ASSERT_EQ(Run({"curves", id, "--out", picture}).exit_code, 0);
  EXPECT_THAT(ReadFile(picture), AllOf(HasSubstr("batch_size=32"), HasSubstr("batch_size=full")));

  EXPECT_EQ(Run({"pause", id}).exit_code, 1);
  EXPECT_EQ(Run({"rm", id}).exit_code, 0);
  EXPECT_EQ(Run({"show", id}).exit_code, 3);
}

TEST_F(ServiceTest, WeightsAreKeptWhereTheSweepAsksForThem) {
  const std::string id = Submit(std::string("keep: {weights: all}\n") + kTiny);
  ASSERT_EQ(Run({"watch", id}).exit_code, 0);
  EXPECT_THAT(Lines(Run({"artifacts", id, "-o", "csv"}).out), SizeIs(5));
  const std::string out = (dir_->path() / "w.safetensors").string();
  const CliResult got = Run({"artifacts", id + "/3", "--get", "weights.safetensors", "--out", out});
  ASSERT_EQ(got.exit_code, 0) << got.err;
  std::ifstream file(out, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  // Its metadata name the digest of the trial's result.
  const std::string digest =
      Lines(Run({"sql", "SELECT weights_digest FROM trials WHERE sweep = '" + id + "' AND trial = 3", "-o", "csv"}).out)
          .at(1);
  EXPECT_THAT(bytes, HasSubstr("\"weights_digest\":\"" + digest + "\""));

  // An analysis looks at them.
  const auto looked_at = [] {
    const std::vector<std::string> log = Lines(ReadFile(dir_->path() / "data" / "worker-1.log"));
    return std::count_if(log.begin(), log.end(), [](const std::string& line) {
      return line.find("stored weights are looked at") != std::string::npos;
    });
  };
  const auto before = looked_at();
  const CliResult curvature = Run({"curvature", id + "/3", "--top", "1"});
  EXPECT_EQ(curvature.exit_code, 0) << curvature.err;
  EXPECT_THAT(curvature.err, Not(HasSubstr("other weights")));
  EXPECT_TRUE(tests::Eventually([&] { return looked_at() == before + 1; }));
}

TEST_F(ServiceTest, SqlReadsTheViewsAndNothingElse) {
  const std::string id = Submit(kTiny);
  ASSERT_EQ(Run({"watch", id}).exit_code, 0);
  EXPECT_EQ(Run({"sql", "SELECT count(*) AS n FROM trials WHERE sweep = '" + id + "'", "-o", "json"}).out,
            "[\n  {\"n\": 4}\n]\n");
  EXPECT_EQ(Run({"sql", "DELETE FROM trials"}).exit_code, 2);
}

TEST_F(ServiceTest, ASweepIsPausedResumedAndCancelled) {
  const std::string id = Submit(kEndless);
  const auto state = [&] { return Run({"show", id, "-o", "json"}).out; };
  EXPECT_EQ(Run({"rm", id}).exit_code, 1);
  EXPECT_EQ(Run({"pause", id}).exit_code, 0);
  EXPECT_THAT(state(), HasSubstr("\"PAUSED\""));
  EXPECT_EQ(Run({"resume", id}).exit_code, 0);
  EXPECT_THAT(state(), HasSubstr("\"RUNNING\""));
  EXPECT_EQ(Run({"cancel", id}).exit_code, 0);
  EXPECT_EQ(Run({"watch", id}).exit_code, 1);
  EXPECT_EQ(Run({"retry", id}).exit_code, 1);
  EXPECT_EQ(Run({"rm", id}).exit_code, 0);
}

TEST_F(ServiceTest, ADataSetThatNoWorkerHasLeavesTheSweepWaiting) {
  std::string spec = kTiny;
  spec.replace(spec.find("{name: digits}"), 14, "{name: nowhere}");
  const CliResult submitted = Run({"submit", "-"}, spec);
  EXPECT_EQ(submitted.exit_code, 0);
  EXPECT_THAT(submitted.err, HasSubstr("nowhere"));
  const std::string id = Lines(submitted.out).at(0);
  EXPECT_THAT(Run({"show", id}).out, AllOf(HasSubstr("Waiting"), HasSubstr("nowhere")));
  EXPECT_EQ(Run({"cancel", id}).exit_code, 0);
}

TEST_F(ServiceTest, TheServerRefusesWhatIsWrong) {
  EXPECT_EQ(Run({"submit", "-"}, "name: ../x\n").exit_code, 2);
  EXPECT_EQ(Run({"sql", "SELECT nonsense FROM trials"}).exit_code, 2);
  EXPECT_EQ(Run({"results", "nothing"}).exit_code, 3);
}

TEST_F(ServiceTest, DoctorFindsNothingToMend) {
  const CliResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
}

TEST_F(ServiceTest, CtrlCLeavesTheWatchingNotTheSweep) {
  const std::string id = Submit(kEndless);
  tests::ChildProcess watch({Binary("basin"), "--server", *server_, "watch", id}, dir_->path() / "watch.log");
  ASSERT_TRUE(tests::Eventually([&] { return watch.LogText().find(id) != std::string::npos; }));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.AwaitExit(), 130);
  EXPECT_THAT(watch.LogText(), HasSubstr("the sweep goes on"));
  EXPECT_THAT(Run({"show", id, "-o", "json"}).out, HasSubstr("\"RUNNING\""));
  EXPECT_EQ(Run({"cancel", id}).exit_code, 0);
}

TEST_F(ServiceTest, AVerifiedTrialIsEqualAndItsSecondRunIsRemoved) {
  const std::string id = Submit(kTiny);
  ASSERT_EQ(Run({"watch", id}).exit_code, 0);
  const CliResult verified = Run({"verify", id + "/3", "-o", "json"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.out, AllOf(HasSubstr("\"weights_digest\""), HasSubstr("\"val_loss\""), HasSubstr("true"),
                                  Not(HasSubstr("false"))));
  EXPECT_THAT(verified.err, HasSubstr(id + "/3 is equal bit by bit"));
  EXPECT_THAT(Run({"list"}).out, Not(HasSubstr("verify-")));
  EXPECT_EQ(Run({"verify", id + "/3", "--keep"}).exit_code, 0);
  EXPECT_THAT(Run({"list"}).out, AllOf(HasSubstr("verify-"), HasSubstr(id + "/3")));
}

TEST_F(ServiceTest, TheMinimumThatATrialFoundIsLookedAt) {
  const std::string id = Submit(kTiny);
  ASSERT_EQ(Run({"watch", id}).exit_code, 0);
  const CliResult first = Run({"landscape", id + "/0", "--points", "5", "--format", "csv"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  // The weights came out again with the trial's digest, or a word would have been said.
  EXPECT_THAT(first.err, AllOf(HasSubstr("25 places"), Not(HasSubstr("other weights"))));
  const std::vector<std::string> rows = Lines(first.out);
  ASSERT_THAT(rows, SizeIs(26));
  // In the middle stand the trial's own scores.
  const CliResult own = Run({"sql",
                             "SELECT value FROM metrics WHERE sweep = '" + id +
                                 "' AND trial = 0 AND name = 'test_loss' ORDER BY step DESC LIMIT 1",
                             "--format", "csv"});
  const std::vector<std::string> middle = absl::StrSplit(rows[13], ',');
  EXPECT_EQ(middle.at(0) + middle.at(1), "00");
  EXPECT_NEAR(std::stod(middle.at(4)), std::stod(Lines(own.out).at(1)), 1e-5);
  // The same place again is taken from what was measured.
  const CliResult again = Run({"landscape", id + "/0", "--points", "5", "--format", "csv"});
  EXPECT_EQ(again.out, first.out);
  EXPECT_EQ(again.err, first.err.substr(first.err.find("25 places")));

  const CliResult line = Run({"interpolate", id + "/0", id + "/2", "--points", "3", "--format", "csv"});
  EXPECT_EQ(line.exit_code, 0) << line.err;
  ASSERT_THAT(Lines(line.out), SizeIs(4));
  EXPECT_THAT(line.err, HasSubstr("no barrier of train_loss"));  // Softmax regression is convex.

  const CliResult curvature = Run({"curvature", id + "/0", "--top", "2"});
  EXPECT_EQ(curvature.exit_code, 0) << curvature.err;
  EXPECT_THAT(curvature.out, AllOf(HasSubstr("hessian_top_2"), HasSubstr("hessian_lowest_1")));
  const std::string spectrum = (dir_->path() / "spectrum.svg").string();
  EXPECT_EQ(Run({"curvature", id + "/0", "--out", spectrum}).exit_code, 0);
  EXPECT_THAT(ReadFile(spectrum), HasSubstr("density"));

  const CliResult path = Run({"trajectory", id + "/0", "--format", "csv"});
  EXPECT_EQ(path.exit_code, 0) << path.err;
  ASSERT_THAT(Lines(path.out), SizeIs(4));  // The start, and after two epochs.
  EXPECT_THAT(Lines(path.out)[3], AllOf(HasSubstr(",2,0,0,")));
  const std::string surface = (dir_->path() / "path.html").string();
  EXPECT_EQ(Run({"trajectory", id + "/0", "--points", "5", "--out", surface}).exit_code, 0);
  EXPECT_THAT(ReadFile(surface), HasSubstr("first principal direction"));
}

TEST_F(ServiceTest, ADescentIsDrawnOnItsSurface) {
  const std::string id = Submit(
      "name: wells\nobjective: {minimize: loss}\nseeds: 1\n"
      "surface: {function: {two_wells: {}}, start: {point: {coordinates: [1.5, 1]}}, steps: 300, learning_rate: "
      "0.05}\n");
  ASSERT_EQ(Run({"watch", id}).exit_code, 0);
  const CliResult path = Run({"trajectory", id + "/0", "--format", "csv"});
  EXPECT_EQ(path.exit_code, 0) << path.err;
  ASSERT_THAT(Lines(path.out), SizeIs(5));  // Steps 0, 100, 200, 300.
  EXPECT_THAT(Lines(path.out)[1], HasSubstr("0,1.5,1,"));
  EXPECT_THAT(path.err, HasSubstr("ended at the local minimum"));
  const std::string picture = (dir_->path() / "wells.svg").string();
  const CliResult drawn = Run({"trajectory", id + "/0", "--points", "9", "--out", picture});
  EXPECT_EQ(drawn.exit_code, 0) << drawn.err;
  EXPECT_THAT(ReadFile(picture), AllOf(HasSubstr("class=\"band\""), HasSubstr("step 300, loss 0.29")));
}

TEST_F(ServiceTest, ASweepThatMayReuseResultsComputesNothingTwice) {
  const std::string first = Submit(std::string("keep: {weights: all}\n") + kTiny);
  ASSERT_EQ(Run({"watch", first}).exit_code, 0);
  const std::string again = Submit(std::string("reuse: true\nkeep: {weights: all}\n") + kTiny);
  ASSERT_EQ(Run({"watch", again}).exit_code, 0);
  EXPECT_THAT(Run({"show", again}).out, HasSubstr("(4 taken over from other trials)"));
  EXPECT_THAT(Run({"trials", again}).out, HasSubstr("REUSED FROM"));
  EXPECT_THAT(Lines(Run({"artifacts", again, "-o", "csv"}).out), SizeIs(5));
  const auto results = [&](const std::string& id) { return Run({"results", id, "-o", "csv"}).out; };
  EXPECT_EQ(results(again), results(first));
  // What was taken over is as good as what was computed.
  const CliResult verified = Run({"verify", again + "/0"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  EXPECT_THAT(verified.err, HasSubstr("no metric points of it are kept"));
}

TEST_F(ServiceTest, WhatCannotBeVerifiedIsSaid) {
  const std::string id = Submit(kEndless);
  EXPECT_EQ(Run({"verify", id}).exit_code, 2);
  const CliResult early = Run({"verify", id + "/1"});
  EXPECT_EQ(early.exit_code, 1);
  EXPECT_THAT(early.err, HasSubstr("only one that"));
  EXPECT_EQ(Run({"verify", id + "/2"}).exit_code, 3);
  EXPECT_EQ(Run({"cancel", id}).exit_code, 0);
}

}  // namespace
}  // namespace basin::client
