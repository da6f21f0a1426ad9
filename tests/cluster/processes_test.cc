#include <signal.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cluster/programs.h"
#include "tests/cluster/sweeps.h"
#include "tests/support/eventually.h"

namespace basin::tests {
namespace {

using testing::HasSubstr;

constexpr uint32_t kSeeds = 4, kEpochs = 40;
constexpr size_t kTrials = 4 * kSeeds;

v1::SweepSpec TheSweep() { return DigitsSweep(kSeeds, kEpochs); }

// What the sweep gives when nothing goes wrong: computed once, by one worker.
const std::map<uint64_t, std::string>& UndisturbedDigests() {
  static const std::map<uint64_t, std::string> digests = [] {
    const TempDir dir;
    ServerProgram server(dir.path() / "server");
    server.Start();
    const auto worker = StartWorker(server.address(), "alone", dir.path());
    SweepClient client(server.address());
    const std::string sweep = client.Create(TheSweep());
    EXPECT_TRUE(client.AwaitFinished(sweep));
    return DigestsOf(client.Trials(sweep), kTrials);
  }();
  return digests;
}

class ProcessesTest : public testing::Test {
 protected:
  TempDir dir_;
  ServerProgram server_{dir_.path() / "server"};

  static void SetUpTestSuite() { UndisturbedDigests(); }

  void ExpectTheUndisturbedResults(SweepClient& client, const std::string& sweep) {
    const v1::Sweep now = client.Get(sweep);
    EXPECT_EQ(now.state(), v1::SWEEP_STATE_FINISHED);
    EXPECT_EQ(now.trials().succeeded(), kTrials);
    EXPECT_EQ(now.trials().total(), kTrials);
    EXPECT_EQ(DigestsOf(client.Trials(sweep), kTrials), UndisturbedDigests());
  }
  std::unique_ptr<ChildProcess> Worker(const std::string& name, int slots = 1) {
    return StartWorker(server_.address(), name, dir_.path(), slots);
  }
  // Some trial that runs on the worker.
  static const v1::RunningTrial* RunningOn(const v1::Sweep& sweep, const std::string& worker) {
    const auto it = std::ranges::find(sweep.running(), worker, &v1::RunningTrial::worker);
    return it == sweep.running().end() ? nullptr : &*it;
  }
};

TEST_F(ProcessesTest, TwoWorkersShareASweep) {
  server_.Start();
  SweepClient client(server_.address());
  const auto a = Worker("a"), b = Worker("b");
  ASSERT_TRUE(client.AwaitWorkers(2));
  const std::string sweep = client.Create(TheSweep());
  ASSERT_TRUE(client.AwaitFinished(sweep));
  ExpectTheUndisturbedResults(client, sweep);
  std::map<std::string, int> trials_of;
  for (const v1::Trial& trial : client.Trials(sweep)) {
    ++trials_of[trial.worker()];
    EXPECT_EQ(trial.attempts(), 1);
  }
  EXPECT_GT(trials_of["a"], 0);
  EXPECT_GT(trials_of["b"], 0);
}

TEST_F(ProcessesTest, EachTrialsPointsAreStoredOnceAndInOrder) {
  server_.Start();
  SweepClient client(server_.address());
  const auto a = Worker("a", 2);
  const std::string sweep = client.Create(TheSweep());
  ASSERT_TRUE(client.AwaitFinished(sweep));
  std::map<uint64_t, std::vector<uint64_t>> steps;
  for (const v1::TrialPoint& point : client.Points(sweep)) {
    if (point.point().name() == "val_loss") steps[point.trial()].push_back(point.point().step());
  }
  EXPECT_EQ(steps.size(), kTrials);
  for (const auto& [trial, of_trial] : steps) {
    EXPECT_EQ(of_trial.size(), kEpochs) << "trial " << trial;
    EXPECT_TRUE(std::ranges::is_sorted(of_trial, std::less_equal<>{})) << "trial " << trial;
  }
}

TEST_F(ProcessesTest, KillingAWorkerLosesNothing) {
  server_.Start();
  SweepClient client(server_.address());
  const auto victim = Worker("victim");
  const std::string sweep = client.Create(TheSweep());
  ASSERT_TRUE(client.Await(sweep, [](const v1::Sweep& now) {
    return now.trials().succeeded() >= 2 && RunningOn(now, "victim") != nullptr;
  }));
  victim->Kill9();
  const auto heir = Worker("heir");
  ASSERT_TRUE(client.AwaitFinished(sweep));
  ExpectTheUndisturbedResults(client, sweep);
  EXPECT_TRUE(std::ranges::any_of(client.Trials(sweep), [](const v1::Trial& trial) { return trial.attempts() == 2; }));
}

TEST_F(ProcessesTest, AKilledWorkersTrialGoesOnFromItsCheckpointWithTheSameBits) {
  // One trial that takes long enough to be caught in the middle, undisturbed and then not.
  v1::SweepSpec spec = DigitsSweep(1, 400);
  spec.clear_domains();
  v1::TrainWorkload& train = *spec.mutable_base()->mutable_train();
  train.set_batch_size(16);
  train.mutable_schedule()->mutable_cosine();
  spec.mutable_checkpoint()->set_every_epochs(20);
  server_.Start();
  SweepClient client(server_.address());
  const auto victim = Worker("victim");
  const std::string undisturbed = client.Create(spec);
  ASSERT_TRUE(client.AwaitFinished(undisturbed));
  spec.set_name("disturbed");
  const std::string sweep = client.Create(spec);
  ASSERT_TRUE(client.Await(
      sweep, [](const v1::Sweep& now) { return now.running_size() == 1 && now.running(0).epoch() >= 50; }));
  victim->Kill9();
  const auto heir = Worker("heir");
  ASSERT_TRUE(client.AwaitFinished(sweep));
  const auto trials = client.Trials(sweep);
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].attempts(), 2u);
  EXPECT_THAT(heir->LogText(), HasSubstr("resuming from a checkpoint"));
  EXPECT_EQ(DigestsOf(trials, 1), DigestsOf(client.Trials(undisturbed), 1));
  // The points of both attempts are one curve: the undisturbed one's.
  const auto curve_of = [&](const std::string& id) {
    std::vector<std::string> curve;
    for (const v1::TrialPoint& point : client.Points(id)) curve.push_back(point.point().SerializeAsString());
    return curve;
  };
  EXPECT_EQ(curve_of(sweep), curve_of(undisturbed));
}

TEST_F(ProcessesTest, KillingTheServerLosesNothing) {
  server_.Start();
  const auto a = Worker("a"), b = Worker("b");
  std::string sweep;
  for (uint64_t kill = 1; kill <= 3; ++kill) {
    SweepClient client(server_.address());
    if (sweep.empty()) sweep = client.Create(TheSweep());
    ASSERT_TRUE(client.Await(sweep, [&](const v1::Sweep& now) { return now.trials().succeeded() >= 3 * kill; }));
    const v1::TrialCounts before = client.Get(sweep).trials();
    server_.Kill9();
    server_.Start();
    SweepClient after(server_.address());
    EXPECT_GE(after.Get(sweep).trials().succeeded(), before.succeeded()) << "an acknowledged result is gone";
  }
  SweepClient client(server_.address());
  ASSERT_TRUE(client.AwaitFinished(sweep));
  ExpectTheUndisturbedResults(client, sweep);
  EXPECT_TRUE(a->IsRunning());
  EXPECT_TRUE(b->IsRunning());
  EXPECT_THAT(a->LogText() + b->LogText(), HasSubstr("reconnecting"));
}

TEST_F(ProcessesTest, AWorkerStoppedPastItsLeaseIsRefusedAndGoesOn) {
  server_.Start();
  SweepClient client(server_.address());
  const auto sleeper = Worker("sleeper");
  v1::SweepSpec spec = TheSweep();
  spec.mutable_limits()->set_max_parallel(1000);  // So that what a worker holds has begun: it would hand back the rest.
  const std::string sweep = client.Create(spec);
  const auto other = Worker("other");
  // Stopped while it holds a trial, for so long that the trial is leased again; once more if it got the outcome out
  // just before.
  ASSERT_TRUE(Eventually([&] {
    sleeper->Signal(SIGSTOP);
    const v1::Sweep now = client.Get(sweep);
    if (const v1::RunningTrial* held = RunningOn(now, "sleeper")) {
      v1::Trial trial;
      EXPECT_TRUE(Eventually([&] {
        trial = client.Trials(sweep).at(held->index());
        return trial.attempts() > held->attempt() || trial.state() == v1::TRIAL_STATE_SUCCEEDED;
      }));
      if (trial.attempts() > held->attempt()) return true;
    }
    sleeper->Signal(SIGCONT);
    return false;
  }));
  sleeper->Signal(SIGCONT);
  EXPECT_TRUE(Eventually([&] { return sleeper->LogText().find("lost sweep=") != std::string::npos; }));
  ASSERT_TRUE(client.AwaitFinished(sweep));
  ExpectTheUndisturbedResults(client, sweep);
  EXPECT_TRUE(client.AwaitWorkers(2));
}

class DrainingTest : public testing::Test {
 protected:
  TempDir dir_;
  // A lease that does not run out during the test: what is pending again was handed back.
  ServerProgram server_{dir_.path() / "server", {"--lease-seconds", "300"}};

  // A sweep whose trials do not end by themselves.
  static v1::SweepSpec EndlessSweep() { return DigitsSweep(1, 1000000); }
};

TEST_F(DrainingTest, SigtermHandsLeasesBackAtOnce) {
  server_.Start();
  SweepClient client(server_.address());
  const auto worker = StartWorker(server_.address(), "leaver", dir_.path(), 2);
  const std::string sweep = client.Create(EndlessSweep());
  ASSERT_TRUE(client.Await(sweep, [](const v1::Sweep& now) { return now.trials().running() == 2; }));
  // What the server gave has come, too.
  ASSERT_TRUE(Eventually([&] { return worker->LogText().find("leased sweep=") != std::string::npos; }));
  worker->Signal(SIGTERM);
  EXPECT_EQ(worker->AwaitExit(), 0);
  const v1::TrialCounts trials = client.Get(sweep).trials();
  EXPECT_EQ(trials.running(), 0);
  EXPECT_EQ(trials.pending(), trials.total());
  for (const char* line : {"draining", "handing back", "left worker="}) EXPECT_THAT(worker->LogText(), HasSubstr(line));
  client.Cancel(sweep);
}

TEST_F(DrainingTest, ACancelledSweepsTrialsStop) {
  server_.Start();
  SweepClient client(server_.address());
  const auto worker = StartWorker(server_.address(), "worker", dir_.path(), 2);
  const std::string endless = client.Create(EndlessSweep());
  ASSERT_TRUE(client.Await(endless, [](const v1::Sweep& now) { return now.trials().running() == 2; }));
  client.Cancel(endless);
  const std::string next = client.Create(DigitsSweep(1, 2));
  ASSERT_TRUE(client.AwaitFinished(next)) << "the slots are not free again";
  DigestsOf(client.Trials(next), 4);
  EXPECT_THAT(worker->LogText(), HasSubstr("stopped sweep="));
}

TEST_F(DrainingTest, AWorkerAskedToDrainFinishesWhatItRunsAndLeaves) {
  server_.Start();
  SweepClient client(server_.address());
  const auto worker = StartWorker(server_.address(), "drained", dir_.path());
  const std::string sweep = client.Create(DigitsSweep(kSeeds, kEpochs));
  ASSERT_TRUE(client.Await(sweep, [](const v1::Sweep& now) { return now.trials().running() == 1; }));
  client.DrainWorker("drained");
  EXPECT_EQ(worker->AwaitExit(std::chrono::seconds(60)), 0);
  const v1::TrialCounts trials = client.Get(sweep).trials();
  EXPECT_GE(trials.succeeded(), 1);
  EXPECT_EQ(trials.running(), 0);
  EXPECT_EQ(trials.succeeded() + trials.pending(), trials.total());
}

TEST_F(DrainingTest, AWorkerThatNeverFoundAServerLeavesWhenToldTo) {
  const auto worker = StartWorker("127.0.0.1:1", "alone", dir_.path());
  ASSERT_TRUE(Eventually([&] { return worker->LogText().find("reconnecting") != std::string::npos; }));
  worker->Signal(SIGTERM);
  EXPECT_EQ(worker->AwaitExit(), 0);
}

TEST_F(DrainingTest, ASecondSignalEndsTheWorkerAtOnce) {
  server_.Start();
  SweepClient client(server_.address());
  const auto worker = StartWorker(server_.address(), "hasty", dir_.path());
  const std::string sweep = client.Create(EndlessSweep());
  ASSERT_TRUE(client.Await(sweep, [](const v1::Sweep& now) { return now.trials().running() == 1; }));
  // Nobody takes the lease back, so that the worker would try for a while.
  server_.process().Signal(SIGSTOP);
  worker->Signal(SIGTERM);
  ASSERT_TRUE(Eventually([&] { return worker->LogText().find("draining") != std::string::npos; }));
  worker->Signal(SIGINT);
  EXPECT_EQ(worker->AwaitExit(std::chrono::seconds(3)), 128 + SIGINT);
}

struct BadFlag {
  const char* name;
  std::vector<std::string> flags;
  const char* complaint;
};
class WorkerFlagsTest : public testing::TestWithParam<BadFlag> {};

TEST_P(WorkerFlagsTest, AreRefusedWithExitCodeTwo) {
  const TempDir dir;
  std::vector<std::string> arguments = {BASIN_WORKER};
  arguments.insert(arguments.end(), GetParam().flags.begin(), GetParam().flags.end());
  ChildProcess worker(arguments, dir.path() / "log");
  EXPECT_EQ(worker.AwaitExit(), 2);
  EXPECT_THAT(worker.LogText(), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(All, WorkerFlagsTest,
                         testing::Values(BadFlag{"Unknown", {"--slot", "1"}, "--slot"},
                                         BadFlag{"NoSlots", {"--slots", "0"}, "--slots"},
                                         BadFlag{"ServerWithoutPort", {"--server", "somewhere"}, "HOST:PORT"},
                                         BadFlag{"NotAName", {"--name", "../x"}, "not a name"},
                                         BadFlag{"LogFormat", {"--log-format", "xml"}, "--log-format"}),
                         [](const auto& tested) { return tested.param.name; });

TEST(WorkerProgramTest, AFlagWinsOverTheEnvironment) {
  const TempDir dir;
  ChildProcess worker({"env", "BASIN_SERVER=nonsense", "BASIN_LOG_FORMAT=xml", BASIN_WORKER, "--server", "127.0.0.1:1",
                       "--log-format", "json", "--slots", "3", "--data-dir", dir.path().string()},
                      dir.path() / "log");
  EXPECT_TRUE(Eventually([&] { return worker.LogText().find("\"slots\":3") != std::string::npos; }))
      << worker.LogText();
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.AwaitExit(), 0);
}

TEST(WorkerProgramTest, SaysItsVersion) {
  const TempDir dir;
  ChildProcess worker({BASIN_WORKER, "--version"}, dir.path() / "log");
  EXPECT_EQ(worker.AwaitExit(), 0);
  EXPECT_THAT(worker.LogText(), HasSubstr("basin-worker "));
}

}  // namespace
}  // namespace basin::tests
