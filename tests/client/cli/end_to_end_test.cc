// The client with a real coordinator and a real worker.
#include <csignal>
#include <fstream>
#include <optional>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/program_files.h"
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
using tests::Lines;
using tests::ReadFile;
using tests::RunCli;

constexpr char kTiny[] = R"(
name: tiny
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  learning_rate: 0.1
  batch_size: {$values: [32, full]}
)";

// Far longer than any test runs.
constexpr char kEndless[] = R"(
name: endless
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {mlp: {hidden: [64]}}
  epochs: 1000000
  learning_rate: 0.01
  batch_size: 16
)";

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

class RunTest : public ::testing::Test {
 protected:
  std::vector<std::string> Command(const std::string& spec, std::vector<std::string> more = {}) {
    const std::filesystem::path file = dir_.path() / "spec.yaml";
    std::ofstream(file) << spec;
    std::vector<std::string> command = {Binary("basin"), "run", file.string(), "--data-dir", data().string()};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }

  tests::TempDir dir_;
};

TEST_F(RunTest, PrintsTheResultsAndLeavesNoProcess) {
  const auto out = dir_.path() / "out";
  EXPECT_EQ(tests::RunProgram(Command(kTiny, {"--workers", "2", "--format", "csv", "--quiet"}), out), 0)
      << ReadFile(out);
  EXPECT_THAT(Lines(ReadFile(out)), SizeIs(3)) << ReadFile(out);
  EXPECT_THAT(ReadFile(data() / "worker-1.log"), HasSubstr("left"));
  EXPECT_THAT(ReadFile(data() / "worker-2.log"), HasSubstr("left"));
  EXPECT_FALSE(std::filesystem::exists(data() / "endpoint"));
}

TEST_F(RunTest, RunAgainOnItsDataDirComputesNothingTwice) {
  ASSERT_EQ(tests::RunProgram(Command(kTiny), dir_.path() / "first"), 0);
  ASSERT_EQ(tests::RunProgram(Command(kTiny), dir_.path() / "second"), 0);
  EXPECT_THAT(ReadFile(dir_.path() / "second"), HasSubstr("4 of them done before"));
}

TEST_F(RunTest, CtrlCStopsItsProcessesAndSaysHowToGoOn) {
  tests::ChildProcess run(Command(kEndless), dir_.path() / "log");
  ASSERT_TRUE(tests::Eventually([&] { return run.LogText().find("running") != std::string::npos || !run.IsRunning(); }))
      << run.LogText();
  run.Signal(SIGINT);
  EXPECT_EQ(run.AwaitExit(std::chrono::seconds(60)), 130) << run.LogText();
  EXPECT_THAT(run.LogText(), HasSubstr("Go on with: basin run"));
  EXPECT_FALSE(std::filesystem::exists(data() / "endpoint"));
}

TEST_F(RunTest, ItsProcessesEndWithItWhenItIsKilled) {
  tests::ChildProcess run(Command(kEndless), dir_.path() / "log");
  ASSERT_TRUE(tests::Eventually([&] { return run.LogText().find("running") != std::string::npos || !run.IsRunning(); }))
      << run.LogText();
  run.Kill9();
  // The coordinator takes its endpoint away when it stops.
  EXPECT_TRUE(tests::Eventually([&] { return !std::filesystem::exists(data() / "endpoint"); }));
  EXPECT_TRUE(
      tests::Eventually([&] { return ReadFile(data() / "worker-1.log").find("draining") != std::string::npos; }));
}

// A finished sweep whose database was changed while no server ran, and a service on it.
class FalsifiedTest : public RunTest {
 protected:
  void Falsify(const std::string& sql) {
    ASSERT_EQ(tests::RunProgram(Command(kTiny, {"--quiet"}), dir_.path() / "run"), 0) << ReadFile(dir_.path() / "run");
    const auto out = dir_.path() / "sqlite";
    ASSERT_EQ(tests::RunProgram({"sqlite3", (data() / "basin.db").string(), sql}, out), 0) << ReadFile(out);
    up_.emplace(std::vector<std::string>{Binary("basin"), "up", "--quiet", "--listen", "127.0.0.1:0", "--data-dir",
                                         data().string()},
                dir_.path() / "up.log");
    ASSERT_TRUE(tests::Eventually([&] { return up_->LogText().find('\n') != std::string::npos || !up_->IsRunning(); }));
    server_ = Lines(up_->LogText()).at(0);
    ASSERT_TRUE(
        tests::Eventually([&] { return RunCli({"workers"}, server_).out.find("CONNECTED") != std::string::npos; }));
  }

  std::optional<tests::ChildProcess> up_;
  std::string server_;
};

TEST_F(FalsifiedTest, ADigestThatIsNotTheTrialsIsFound) {
  Falsify("UPDATE trial SET weights_digest = 'beef' WHERE idx = 1");
  const CliResult verified = RunCli({"verify", "tiny/1", "-o", "csv"}, server_);
  EXPECT_EQ(verified.exit_code, 1) << verified.err;
  EXPECT_THAT(verified.err, AllOf(HasSubstr("DIFFERENT"), HasSubstr("weights_digest was beef and is")));
  EXPECT_THAT(verified.out, AllOf(HasSubstr("weights_digest,,false"), HasSubstr("val_loss,2,true")));
  EXPECT_EQ(RunCli({"verify", "tiny/0"}, server_).exit_code, 0);
  EXPECT_THAT(RunCli({"list"}, server_).out, Not(HasSubstr("verify-")));
}

TEST_F(FalsifiedTest, AMetricThatIsNotTheTrialsIsFoundWithItsStepAndBothValues) {
  Falsify(
      "UPDATE point SET value = 123.5 WHERE trial = 1 AND metric = (SELECT key FROM symbol WHERE text = 'val_loss') "
      "AND "
      "epoch = 2");
  const CliResult verified = RunCli({"verify", "tiny/1"}, server_);
  EXPECT_EQ(verified.exit_code, 1) << verified.err;
  EXPECT_THAT(verified.err, ::testing::ContainsRegex("val_loss at step [0-9]+ was 123.5 and is 0?[.0-9]+"));
}

TEST_F(FalsifiedTest, WithoutAWorkerOfItsEngineAVerificationWaitsUntilCtrlC) {
  Falsify("UPDATE sweep SET engine_fingerprint = 'another-one'");
  tests::ChildProcess verify({Binary("basin"), "--server", server_, "verify", "tiny/1"}, dir_.path() / "verify.log");
  ASSERT_TRUE(tests::Eventually([&] { return verify.LogText().find("no connected worker") != std::string::npos; }))
      << verify.LogText();
  verify.Signal(SIGINT);
  EXPECT_EQ(verify.AwaitExit(), 130) << verify.LogText();
  EXPECT_THAT(verify.LogText(), AllOf(HasSubstr("ran on engine another-one"), HasSubstr("cancelled and removed")));
  EXPECT_THAT(RunCli({"list"}, server_).out, Not(HasSubstr("verify-")));
}

TEST_F(RunTest, AMissingDataSetEndsIt) {
  std::string spec = kTiny;
  spec.replace(spec.find("{name: digits}"), 14, "{name: nowhere}");
  const auto out = dir_.path() / "out";
  EXPECT_EQ(tests::RunProgram(Command(spec), out), 1);
  EXPECT_THAT(ReadFile(out), AllOf(HasSubstr("nowhere"), HasSubstr("go on with: basin run")));
}

TEST_F(RunTest, ABadSpecStartsNothing) {
  const auto out = dir_.path() / "out";
  EXPECT_EQ(tests::RunProgram(Command("name: x\nnonsense: 1\n"), out), 2);
  EXPECT_FALSE(std::filesystem::exists(data()));
}

TEST_F(RunTest, ACoordinatorThatCannotStartIsReportedWithItsLog) {
  std::ofstream(dir_.path() / "file") << "x";
  std::vector<std::string> command = Command(kTiny);
  command[4] = (dir_.path() / "file" / "below").string();
  EXPECT_NE(tests::RunProgram(command, dir_.path() / "out"), 0);
  EXPECT_THAT(ReadFile(dir_.path() / "out"), HasSubstr("cannot make"));
}

}  // namespace
}  // namespace basin::client
