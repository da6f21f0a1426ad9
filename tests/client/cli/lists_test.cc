// The commands that list: list, show, trials, export, sql, workers, doctor, version.
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/version.h"
#include "tests/client/cli/cli_runner.h"
#include "tests/client/cli/sweep_fixture.h"

namespace basin::client::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::CliResult;
using tests::Point;
using tests::RunCli;
using tests::SmallTrial;

class ListsTest : public ::testing::Test {
 protected:
  ListsTest() {
    server_.sweeps = {tests::SmallSweep()};
    server_.trials = {SmallTrial(0, v1::TRIAL_STATE_SUCCEEDED), SmallTrial(1, v1::TRIAL_STATE_SUCCEEDED),
                      SmallTrial(2, v1::TRIAL_STATE_FAILED)};
    server_.trials[2].set_message("out of memory");
    server_.points = {Point(0, "val_loss", 10, 0.75), Point(0, "val_loss", 20, 0.5), Point(1, "val_loss", 10, NAN)};
  }
  CliResult Run(const std::vector<std::string>& args) { return RunCli(args, server_.address()); }

  tests::FakeCoordinator server_;
};

TEST_F(ListsTest, ListHasALineASweep) {
  EXPECT_EQ(Run({"list"}).out,
            "ID    NAME   STATE    DONE  FAILED    BEST  AGE\n"
            "k3f9  small  RUNNING  3/4        1  0.2500  -\n");
}

TEST_F(ListsTest, ListAsJsonHasNumbersAsNumbers) {
  EXPECT_THAT(Run({"list", "-o", "json"}).out,
              AllOf(HasSubstr("\"trials\": {\"total\": 4, \"pending\": 1, \"running\": 0, \"succeeded\": 2"),
                    HasSubstr("\"best_objective\": 0.25"), HasSubstr("\"created_at\": null")));
}

TEST_F(ListsTest, ShowSaysWhatTheSweepWaitsFor) {
  server_.sweeps[0].set_waiting("no worker has mnist");
  EXPECT_THAT(Run({"show", "small"}).out,
              AllOf(HasSubstr("Waiting      no worker has mnist"), HasSubstr("2 configs x 2 seeds = 4 trials"),
                    HasSubstr("batch_size: 16, 32"), HasSubstr("val_loss 0.25 (trial k3f9/1: batch_size=32)")));
}

TEST_F(ListsTest, ShowHasTheDomainsOfOptions) {
  v1::Domain& schedule = *server_.sweeps[0].mutable_spec()->add_domains();
  schedule.set_path("train.schedule");
  schedule.mutable_choice()->add_options()->mutable_partial()->mutable_train()->mutable_schedule()->mutable_constant();
  v1::Choice::Option& option = *schedule.mutable_choice()->add_options();
  option.mutable_partial()->mutable_train()->mutable_schedule()->mutable_exponential();
  v1::Domain& gamma = *option.add_domains();
  gamma.set_path("train.schedule.exponential.gamma");
  gamma.mutable_uniform()->set_low(0.5);
  gamma.mutable_uniform()->set_high(0.9);
  gamma.mutable_uniform()->set_points(3);
  EXPECT_THAT(Run({"show", "k3f9"}).out,
              HasSubstr("  schedule: constant, exponential\n    gamma: uniform from 0.5 to 0.9, 3 points\n"));
  EXPECT_THAT(Run({"show", "k3f9", "-o", "json"}).out,
              AllOf(HasSubstr("{\"path\": \"train.batch_size\", \"kind\": \"values\", \"values\": [16, 32]}"),
                    HasSubstr("\"kind\": \"choice\", \"values\": [\"constant\", \"exponential\"]}"),
                    HasSubstr("\"kind\": \"uniform\", \"low\": 0.5, \"high\": 0.9, \"points\": 3, \"choice\": "
                              "\"train.schedule\", \"option\": 1}")));
}

TEST_F(ListsTest, ShowAsJsonHasWhatOneSweepIsAskedFor) {
  v1::Sweep& sweep = server_.sweeps[0];
  sweep.mutable_spec()->mutable_limits()->set_max_parallel(7);
  v1::RunningTrial& running = *sweep.add_running();
  running.set_index(3);
  running.set_attempt(2);
  running.set_worker("w-1");
  running.set_epoch(5);
  EXPECT_THAT(Run({"show", "k3f9", "-o", "json"}).out,
              AllOf(HasSubstr("\"objective\": {\"goal\": \"minimize\", \"metric\": \"val_loss\", \"at\": \"last\"}"),
                    HasSubstr("\"limits\": {\"trial_seconds\": null, \"max_parallel\": 7, \"max_attempts\": null}"),
                    HasSubstr("\"running_trials\": [{\"trial\": \"k3f9/3\", \"attempt\": 2, \"worker\": \"w-1\", "
                              "\"seconds\": 0, \"epoch\": 5, \"objective\": null}]")));
}

TEST_F(ListsTest, TrialsComeInOrderWithTheirParams) {
  const CliResult result = Run({"trials", "k3f9"});
  EXPECT_EQ(result.out,
            "TRIAL   SEED  BATCH_SIZE  STATE      ATTEMPTS  WORKER  VAL_LOSS  DURATION  MESSAGE\n"
            "k3f9/0     0          16  SUCCEEDED         1  w-1       0.5000  -\n"
            "k3f9/1     0          32  SUCCEEDED         1  w-1       0.2500  -\n"
            "k3f9/2     1          16  FAILED            1  w-1            -  -         out of memory\n");
  EXPECT_THAT(result.err, HasSubstr("1 more are pending"));
}

TEST_F(ListsTest, TrialsThatWereCancelledBeforeTheyBeganAreCounted) {
  v1::TrialCounts& counts = *server_.sweeps[0].mutable_trials();
  counts.set_pending(0);
  counts.set_cancelled(3);
  server_.trials[1] = SmallTrial(1, v1::TRIAL_STATE_CANCELLED);
  const std::string said = "2 more were cancelled before they began";
  EXPECT_THAT(Run({"trials", "k3f9"}).err, HasSubstr(said));
  EXPECT_THAT(Run({"trials", "k3f9", "--state", "cancelled"}).err, HasSubstr(said));
  EXPECT_EQ(Run({"trials", "k3f9", "--state", "succeeded"}).err, "");
}

TEST_F(ListsTest, TrialsAsJsonHoldParamsAndMetrics) {
  EXPECT_THAT(Run({"trials", "k3f9", "-o", "json"}).out,
              AllOf(HasSubstr("\"params\": {\"train.batch_size\": 16}"), HasSubstr("\"weights_digest\": \"abcd\""),
                    HasSubstr("\"val_loss\": 0.5")));
}

TEST_F(ListsTest, TrialsOfAState) {
  EXPECT_THAT(Run({"trials", "k3f9", "--state", "failed"}).out, AllOf(HasSubstr("k3f9/2"), Not(HasSubstr("k3f9/0"))));
}

TEST_F(ListsTest, ExportHasEveryPointAndEveryTrial) {
  EXPECT_EQ(Run({"export", "k3f9"}).out,
            "trial,index,config,seed,state,batch_size,metric,step,epoch,examples,value\n"
            "k3f9/0,0,0,0,SUCCEEDED,16,val_loss,10,0,0,0.75\n"
            "k3f9/0,0,0,0,SUCCEEDED,16,val_loss,20,0,0,0.5\n"
            "k3f9/1,1,1,0,SUCCEEDED,32,val_loss,10,0,0,NaN\n"
            "k3f9/2,2,0,1,FAILED,16,,,,,\n");
}

TEST_F(ListsTest, ExportAsJsonLines) {
  const std::string out = Run({"export", "k3f9", "--format", "jsonl"}).out;
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 4);
  EXPECT_THAT(out, HasSubstr("\"value\": \"NaN\"}\n"));
}

TEST_F(ListsTest, SqlShowsEachKindOfValue) {
  v1::QuerySqlResponse response;
  for (const char* name : {"i", "r", "t", "b", "n", "i"}) response.add_columns(name);
  v1::SqlRow& row = *response.add_rows();
  row.add_cells()->set_integer(9007199254740993);
  row.add_cells()->set_real(0.5);
  row.add_cells()->set_text("x");
  row.add_cells()->set_blob(std::string("\x00\xff", 2));
  row.add_cells();
  row.add_cells()->set_integer(2);
  server_.sql = {response};
  EXPECT_EQ(Run({"sql", "SELECT 1", "-o", "json"}).out,
            "[\n  {\"i\": 9007199254740993, \"r\": 0.5, \"t\": \"x\", \"b\": \"00ff\", \"n\": null, \"i_2\": 2}\n]\n");
}

TEST_F(ListsTest, SqlSaysThatRowsAreMissing) {
  v1::QuerySqlResponse response;
  response.add_columns("a");
  response.set_truncated(true);
  server_.sql = {response};
  EXPECT_THAT(Run({"sql", "SELECT 1", "--max-rows", "1"}).err, HasSubstr("--max-rows"));
}

v1::Worker Worker(const std::string& name, const std::string& digest) {
  v1::Worker worker;
  worker.set_id("id-" + name);
  worker.set_name(name);
  worker.set_state(v1::WORKER_STATE_CONNECTED);
  worker.set_slots(2);
  worker.set_engine_fingerprint("e");
  v1::AvailableDataset& dataset = *worker.add_datasets();
  dataset.set_name("digits");
  dataset.set_digest(digest);
  return worker;
}

TEST_F(ListsTest, WorkersSayWhatTheyHave) {
  server_.workers = {Worker("w-1", "a")};
  EXPECT_THAT(Run({"workers"}).out, AllOf(HasSubstr("w-1"), HasSubstr("CONNECTED"), HasSubstr("digits")));
}

TEST_F(ListsTest, WorkersSayWhyOneIsSetAside) {
  server_.workers = {Worker("w-1", "a")};
  EXPECT_THAT(Run({"workers"}).out, Not(HasSubstr("SET ASIDE")));
  server_.workers[0].set_set_aside("3 trials failed here");
  EXPECT_THAT(Run({"workers"}).out, AllOf(HasSubstr("SET ASIDE"), HasSubstr("3 trials failed here")));
  EXPECT_THAT(Run({"workers", "-o", "json"}).out, HasSubstr("\"set_aside\": \"3 trials failed here\""));
}

TEST_F(ListsTest, DoctorIsContentWhenAllIsWell) {
  server_.info.set_version(contract::kVersion);
  server_.info.set_protocol_version(contract::kProtocolVersion);
  server_.workers = {Worker("w-1", "a")};
  const CliResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("1 connected, 0 of 2 slots"), Not(HasSubstr("warn")), Not(HasSubstr("fail"))));
}

TEST_F(ListsTest, DoctorFailsWhileTheServersDiskIsFull) {
  server_.info.set_version(contract::kVersion);
  server_.info.set_protocol_version(contract::kProtocolVersion);
  server_.info.set_disk_full(true);
  server_.workers = {Worker("w-1", "a")};
  const CliResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("disk is full"));
}

TEST_F(ListsTest, DoctorFailsWithoutWorkers) {
  const CliResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("basin-worker --server " + server_.address()));
}

TEST_F(ListsTest, DoctorWarnsOfDataThatDiffers) {
  server_.info.set_protocol_version(contract::kProtocolVersion);
  server_.info.set_version(contract::kVersion);
  server_.workers = {Worker("w-1", "a"), Worker("w-2", "b")};
  const CliResult result = Run({"doctor"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("digits differs between workers"));
}

TEST(DoctorTest, NoServerIsExitCode5) {
  const CliResult result = RunCli({"doctor"}, "127.0.0.1:1");
  EXPECT_EQ(result.exit_code, 5);
  EXPECT_THAT(result.out, HasSubstr("basin up"));
}

TEST(VersionTest, NeedsNoServer) {
  const CliResult result = RunCli({"version", "-o", "csv"}, "127.0.0.1:1");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr(std::string("basin,") + contract::kVersion));
}

}  // namespace
}  // namespace basin::client::cli
