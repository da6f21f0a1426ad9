#include "client/cli/program.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CliResult;
using tests::RunCli;

TEST(ProgramTest, AMistakeOnTheCommandLineIsExitCode2) {
  const std::vector<std::vector<std::string>> mistakes = {
      {},
      {"lisst"},
      {"show"},
      {"list", "extra"},
      {"list", "--no-such-flag"},
      {"list", "--format", "yaml"},
      {"--format", "jsonl", "list"},
      {"export", "k3f9", "--format", "table"},
      {"results", "k3f9", "--top", "0"},
      {"results", "k3f9", "--top", "many"},
      {"run", "spec.yaml", "--workers", "0"},
      {"trials", "k3f9", "--state", "happy"},
      {"list", "--server", "localhost"},
      {"list", "--server", "localhost:http"},
      {"submit", "/no/such/file.yaml"},
      {"schedule", "/no/such/file.yaml"},
      {"schedule", "/no/such/file.yaml", "--plot", "--out", "rates.svg"},
      {"run", "/no/such/file.yaml"},
      {"schedule", "spec.yaml", "--train-size", "0"},
      {"landscape", "k3f9/0", "--range", "0"},
      {"landscape", "k3f9/0", "--examples", "1.5"},
      {"landscape", "k3f9/0", "--seed", "-1"},
      {"curvature", "k3f9/0", "--top", "0"},
      {"curvature", "k3f9/0", "--tolerance", "nan"},
      {"interpolate", "k3f9/0", "k3f9/1", "--points", "1"},
      {"gallery", "--out", "g.txt"},
  };
  for (const auto& args : mistakes) {
    const CliResult result = RunCli(args, "127.0.0.1:1");
    EXPECT_EQ(result.exit_code, 2) << testing::PrintToString(args) << result.err;
    EXPECT_EQ(result.out, "") << testing::PrintToString(args);
    EXPECT_NE(result.err, "") << testing::PrintToString(args);
  }
}

TEST(ProgramTest, ANumberThatIsOutOfItsRangeIsSaidShortly) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"results", "k3f9", "--top", "0"}, "basin: --top: must be at least 1, is 0\n"},
      {{"results", "k3f9", "--top", "-1"}, "basin: --top: must be at least 1, is -1\n"},
      {{"results", "k3f9", "--top", "abc"}, "basin: --top: must be a whole number, is abc\n"},
      {{"results", "k3f9", "--top", "99999999999999999999"},
       "basin: --top: must be at most 9007199254740992, is 99999999999999999999\n"},
      {{"landscape", "k3f9/0", "--seed", "-1"}, "basin: --seed: must be at least 0, is -1\n"},
      {{"landscape", "k3f9/0", "--range", "0"}, "basin: --range: must be above 0, is 0\n"},
      {{"landscape", "k3f9/0", "--range", "far"}, "basin: --range: must be a number, is far\n"},
      {{"curvature", "k3f9/0", "--top", "101"}, "basin: --top: must be at most 100, is 101\n"},
      {{"curvature", "k3f9/0", "--tolerance", "7"}, "basin: --tolerance: must be at most 0.1, is 7\n"},
      {{"run", "spec.yaml", "--workers", "257"}, "basin: --workers: must be at most 256, is 257\n"},
  };
  for (const auto& [args, says] : cases) {
    EXPECT_THAT(RunCli(args, "127.0.0.1:1").err, ::testing::StartsWith(says)) << testing::PrintToString(args);
  }
}

TEST(ProgramTest, AnAddressOfTheEnvironmentIsCheckedLikeTheFlag) {
  const CliResult result = RunCli({"list"}, "garbage");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("BASIN_SERVER: `garbage` is not HOST:PORT"));
  EXPECT_EQ(RunCli({"completion", "bash"}, "garbage").exit_code, 0);
}

TEST(ProgramTest, APlotIsForReaders) {
  const CliResult result = RunCli({"schedule", "/no/such/file.yaml", "--plot", "--format", "json"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("leave it away to get the steps as json"));
}

TEST(ProgramTest, WhatStartsItsOwnCoordinatorIsNotToldOfAnother) {
  for (const char* command : {"run", "up", "gallery"}) {
    for (const char* flag : {"--server=127.0.0.1:1", "--token-file=token"}) {
      std::vector<std::string> args = {command, flag};
      if (args[0] == "run") args.push_back("/no/such/file.yaml");
      const CliResult result = RunCli(args, "127.0.0.1:1");
      EXPECT_EQ(result.exit_code, 2) << command;
      EXPECT_THAT(result.err, AllOf(HasSubstr("a coordinator of its own"), HasSubstr("basin submit"))) << command;
    }
  }
}

TEST(ProgramTest, AMisspeltCommandIsCorrected) {
  EXPECT_THAT(RunCli({"lisst"}).err, HasSubstr("did you mean `list`?"));
}

TEST(ProgramTest, NoServerIsExitCode5) {
  const CliResult result = RunCli({"list"}, "127.0.0.1:1");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.err, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("basin up")));
}

class ServedProgramTest : public ::testing::Test {
 protected:
  tests::FakeCoordinator server_;
};

TEST_F(ServedProgramTest, AFailureOfTheServerHasItsExitCode) {
  struct Case {
    grpc::StatusCode code;
    int exit_code;
  };
  for (const Case& c : {Case{grpc::StatusCode::NOT_FOUND, 3}, Case{grpc::StatusCode::PERMISSION_DENIED, 4},
                        Case{grpc::StatusCode::DEADLINE_EXCEEDED, 6}, Case{grpc::StatusCode::INVALID_ARGUMENT, 2},
                        Case{grpc::StatusCode::FAILED_PRECONDITION, 1}}) {
    server_.FailNext(c.code, "the reason");
    const CliResult result = RunCli({"list"}, server_.address());
    EXPECT_EQ(result.exit_code, c.exit_code);
    EXPECT_EQ(result.err, "basin: the reason\n");
  }
}

TEST_F(ServedProgramTest, TheFlagsOfAllWorkBeforeAndAfterTheCommand) {
  EXPECT_EQ(RunCli({"--server", server_.address(), "-o", "json", "list"}, "127.0.0.1:1").out, "[]\n");
  EXPECT_EQ(RunCli({"list", "--server", server_.address(), "--format", "json"}, "127.0.0.1:1").out, "[]\n");
}

TEST_F(ServedProgramTest, QuietLeavesOnlyDataAndErrors) {
  EXPECT_NE(RunCli({"list"}, server_.address()).err, "");
  EXPECT_EQ(RunCli({"list", "--quiet"}, server_.address()).err, "");
}

TEST_F(ServedProgramTest, ColorsAreForTerminalsAlone) {
  server_.sweeps = {tests::SmallSweep()};
  EXPECT_THAT(RunCli({"list"}, server_.address()).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(RunCli({"list"}, server_.address(), "", 100).out, HasSubstr("\x1b"));
  EXPECT_THAT(RunCli({"list", "--no-color"}, server_.address(), "", 100).out, Not(HasSubstr("\x1b")));
}

TEST_F(ServedProgramTest, AnErrorCannotCarryControlCharacters) {
  server_.FailNext(grpc::StatusCode::NOT_FOUND, "a\x1b[2Jb");
  EXPECT_EQ(RunCli({"list"}, server_.address()).err, "basin: a\\x1b[2Jb\n");
}

}  // namespace
}  // namespace basin::client::cli
