// `basin run`, and a service on a database that was changed, as processes.
#include <csignal>
#include <fstream>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_db.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/program_files.h"
#include "tests/client/cli/tiny_sweeps.h"
#include "tests/support/child_process.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace basin::client {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
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

TEST_F(RunTest, TrialsThatFailedAreTriedAgain) {
  std::string rows;
  for (int i = 0; i < 40; ++i)
    rows += std::to_string(i % 7) + "," + std::to_string(i % 5) + "," + (i % 2 ? "1\n" : "0\n");
  const auto file = dir_.path() / "mine.csv";
  std::ofstream(file) << rows << "x,y,z\n";
  std::string spec = kTiny;
  spec.replace(spec.find("{name: digits}"), 14, "{name: mine}");
  spec.replace(spec.find("[32, full]"), 10, "[8, full]");
  const std::vector<std::string> command = Command(spec, {"--datasets-dir", dir_.path().string()});
  ASSERT_EQ(tests::RunProgram(command, dir_.path() / "first"), 1);
  EXPECT_THAT(ReadFile(dir_.path() / "first"),
              AllOf(HasSubstr("is not a number"), HasSubstr("To try the failed trials again: basin run")));
  std::ofstream(file) << rows;
  ASSERT_EQ(tests::RunProgram(command, dir_.path() / "second"), 0) << ReadFile(dir_.path() / "second");
  EXPECT_THAT(ReadFile(dir_.path() / "second"), AllOf(HasSubstr("tried again"), HasSubstr("4 succeeded")));
}

TEST_F(RunTest, ACancelledSweepStaysSoAndSaysWhatToDo) {
  tests::ChildProcess run(Command(kEndless), dir_.path() / "log");
  ASSERT_TRUE(tests::Eventually([&] { return run.LogText().find("running") != std::string::npos || !run.IsRunning(); }))
      << run.LogText();
  EXPECT_EQ(RunCli({"cancel", "endless"}, Lines(ReadFile(data() / "endpoint")).at(0)).exit_code, 0);
  EXPECT_EQ(run.AwaitExit(), 1) << run.LogText();
  EXPECT_EQ(tests::RunProgram(Command(kEndless), dir_.path() / "second"), 1);
  EXPECT_THAT(ReadFile(dir_.path() / "second"), AllOf(HasSubstr("was cancelled here"), HasSubstr("--data-dir")));
}

TEST_F(RunTest, TheCommandThatGoesOnCanBePasted) {
  const auto here = dir_.path() / "a dir";
  std::filesystem::create_directory(here);
  std::ofstream(dir_.path() / "bin.sh") << "basin() { " << Binary("basin") << " \"$@\"; }\n";
  // Without a worker that has the data it ends and says how to go on.
  std::string spec = kTiny;
  spec.replace(spec.find("{name: digits}"), 14, "{name: mine}");
  std::ofstream(here / "spec.yaml") << spec;
  const std::string run = "cat '" + (here / "spec.yaml").string() + "' | basin run - --workers 2 --data-dir '" +
                          (here / "data").string() + "' --datasets-dir '" + here.string() + "' 2> '" +
                          (here / "err").string() + "'";
  const auto shell = [&](const std::string& command) {
    return tests::RunProgram({"bash", "-c", ". '" + (dir_.path() / "bin.sh").string() + "'; " + command},
                             dir_.path() / "shell.log");
  };
  EXPECT_EQ(shell(run), 1) << ReadFile(here / "err");
  const std::string err = ReadFile(here / "err"), before = "go on with: ";
  ASSERT_THAT(err, HasSubstr(before));
  const std::string again = Lines(err.substr(err.find(before) + before.size())).at(0);
  EXPECT_THAT(again, AllOf(HasSubstr("--workers 2"), HasSubstr("--datasets-dir '")));
  std::string rows;
  for (int i = 0; i < 400; ++i) rows += std::to_string(i % 7) + (i % 2 ? ",1\n" : ",0\n");
  std::ofstream(here / "mine.csv") << rows;
  EXPECT_EQ(shell(again), 0) << again << ReadFile(dir_.path() / "shell.log");
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
    {
      // As the server writes: what another program writes is refused as damaged.
      using server::store::Connection;
      const auto database = Connection::Open((data() / "basin.db").string(), Connection::Mode::kReadWrite);
      ASSERT_TRUE(database.ok()) << database.status();
      const absl::Status falsified = (*database)->Execute(sql);
      ASSERT_TRUE(falsified.ok()) << falsified;
    }
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

TEST_F(RunTest, ADataDirInUseIsSaidToBeInOneSentence) {
  tests::ChildProcess first(Command(kEndless), dir_.path() / "log");
  ASSERT_TRUE(tests::Eventually([&] { return first.LogText().find("running") != std::string::npos; }));
  EXPECT_EQ(tests::RunProgram(Command(kTiny, {"--quiet"}), dir_.path() / "out"), 1);
  EXPECT_THAT(
      Lines(ReadFile(dir_.path() / "out")),
      ElementsAre(AllOf(HasSubstr("the coordinator did not start: another server"), HasSubstr("uses this data dir"))));
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
