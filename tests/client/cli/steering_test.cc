// The commands that act: submit, watch, pause, resume, cancel, retry, rm, drain.
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
using ::testing::SizeIs;
using tests::CliResult;
using tests::RunCli;

constexpr char kSpec[] = R"(
name: small
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 1
  learning_rate: 0.1
  batch_size: {$values: [16, 32]}
)";

class SteeringTest : public ::testing::Test {
 protected:
  SteeringTest() { server_.sweeps = {tests::SmallSweep()}; }
  CliResult Run(const std::vector<std::string>& args, const std::string& input = "") {
    return RunCli(args, server_.address(), input);
  }
  void End(v1::SweepState state, uint64_t failed) {
    v1::Sweep& sweep = server_.sweeps[0];
    sweep.set_state(state);
    sweep.mutable_trials()->set_pending(0);
    sweep.mutable_trials()->set_failed(failed);
    sweep.mutable_trials()->set_succeeded(4 - failed);
  }
  tests::FakeCoordinator server_;
};

TEST_F(SteeringTest, EachCommandAsksForItsChange) {
  for (const char* verb : {"pause", "resume", "cancel", "retry", "rm"}) {
    const CliResult result = Run({verb, "k3f9"});
    EXPECT_EQ(result.exit_code, 0) << verb;
    EXPECT_EQ(result.out, "") << verb;
    EXPECT_THAT(result.err, HasSubstr("k3f9")) << verb;
  }
  EXPECT_THAT(server_.steered(), ElementsAre("pause k3f9", "resume k3f9", "cancel k3f9", "retry k3f9", "rm k3f9"));
}

TEST_F(SteeringTest, AsJsonTheyPrintTheSweep) {
  EXPECT_THAT(Run({"pause", "k3f9", "-o", "json"}).out, HasSubstr("\"state\": \"PAUSED\""));
}

TEST_F(SteeringTest, WhatIsNotThereIsExitCode3) {
  for (const char* verb :
       {"pause", "resume", "cancel", "retry", "rm", "show", "watch", "results", "trials", "export", "drain"}) {
    EXPECT_EQ(Run({verb, "nothing"}).exit_code, 3) << verb;
  }
}

TEST_F(SteeringTest, SubmitPrintsTheIdAlone) {
  const CliResult result = Run({"submit", "-"}, kSpec);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "k3f9\n");
  ASSERT_THAT(server_.created(), SizeIs(1));
  EXPECT_EQ(server_.created()[0].spec().name(), "small");
  EXPECT_THAT(server_.created()[0].request_id(), SizeIs(32));
}

TEST_F(SteeringTest, SubmitSaysWhatTheSweepWaitsFor) {
  server_.sweeps[0].set_waiting("no worker has digits");
  EXPECT_THAT(Run({"submit", "-"}, kSpec).err, HasSubstr("waiting: no worker has digits"));
}

TEST_F(SteeringTest, ABadSpecIsExitCode2AndIsNotSent) {
  const CliResult result = Run({"submit", "-"}, "name: small\nbatchsize: 3\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("standard input:2:1"));
  EXPECT_EQ(server_.calls(), 0);
}

TEST(DryRunTest, ShowsSizeAndConfigsWithoutAServer) {
  const CliResult result = RunCli({"submit", "-", "--dry-run"}, "127.0.0.1:1", kSpec);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "small: 2 configs x 2 seeds = 4 trials:\n"
            "CONFIG  BATCH_SIZE\n"
            "     0          16\n"
            "     1          32\n");
}

TEST_F(SteeringTest, WatchEndsWithTheSweep) {
  End(v1::SWEEP_STATE_FINISHED, 0);
  const CliResult result = Run({"watch", "k3f9"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("FINISHED, 4 of 4 trials done: 4 succeeded"));
}

TEST_F(SteeringTest, WatchOfASweepWithFailedTrialsIsExitCode1) {
  End(v1::SWEEP_STATE_FINISHED, 1);
  EXPECT_EQ(Run({"watch", "k3f9"}).exit_code, 1);
}

TEST_F(SteeringTest, WatchOfACancelledSweepIsExitCode1) {
  End(v1::SWEEP_STATE_CANCELLED, 0);
  EXPECT_EQ(Run({"watch", "k3f9"}).exit_code, 1);
}

TEST_F(SteeringTest, SubmitAndWatchKeepTheIdAloneOnStdout) {
  End(v1::SWEEP_STATE_FINISHED, 0);
  const CliResult result = Run({"submit", "-", "--watch"}, kSpec);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "k3f9\n");
  EXPECT_THAT(result.err, HasSubstr("4 of 4 trials done"));
}

TEST_F(SteeringTest, WatchAsJsonEndsWithARow) {
  End(v1::SWEEP_STATE_FINISHED, 0);
  const CliResult result = Run({"watch", "k3f9", "-o", "json"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("\"state\": \"FINISHED\""), Not(HasSubstr("trials done"))));
}

TEST_F(SteeringTest, DrainNamesTheWorker) {
  v1::Worker worker;
  worker.set_name("w-1");
  server_.workers = {worker};
  const CliResult result = Run({"drain", "w-1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("w-1 gets no more trials"));
}

}  // namespace
}  // namespace basin::client::cli
