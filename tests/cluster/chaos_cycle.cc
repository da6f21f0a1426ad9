#include "tests/cluster/chaos_cycle.h"

#include <signal.h>

#include <iostream>

#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace basin::tests {
namespace {

constexpr uint32_t kSeeds = 4, kEpochs = 100;
constexpr size_t kTrials = 4 * kSeeds;
constexpr int kFaults = 8;
constexpr int kMegabytes = 48;
// Long enough to outlast a lease of two seconds, or short.
constexpr int kShort = 50, kLong = 3500;

uint16_t PortOf(const std::string& address) {
  return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

// How often a worker has said in its log that it starts.
size_t StartsIn(const std::string& log) {
  size_t count = 0;
  for (size_t at = log.find(" starting "); at != std::string::npos; at = log.find(" starting ", at + 1)) ++count;
  return count;
}

}  // namespace

ChaosCycle::ChaosCycle(uint64_t seed)
    : random_(seed),
      disk_(dir_.path() / "server", kMegabytes),
      server_(dir_.path() / "server", {"--lease-seconds", "2"}) {}

void ChaosCycle::StartWorkerProcess(Worker& worker) {
  const size_t starts = worker.process == nullptr ? 0 : StartsIn(worker.process->LogText());
  worker.process = StartWorker(worker.proxy->address(), worker.name, dir_.path(), 2);
  // Until it says so, SIGTERM may still end it as it ends any process.
  EXPECT_TRUE(Eventually([&] { return StartsIn(worker.process->LogText()) > starts; }, std::chrono::minutes(1)));
}

void ChaosCycle::StartAll() {
  server_.Start();
  client_.emplace(server_.address());
  for (const char* name : {"a", "b"}) {
    Worker& worker = workers_.emplace_back();
    worker.name = name;
    worker.proxy = std::make_unique<FaultyProxy>(PortOf(server_.address()));
    StartWorkerProcess(worker);
  }
  v1::SweepSpec spec = DigitsSweep(kSeeds, kEpochs);
  spec.mutable_limits()->set_max_attempts(1000);
  spec.mutable_checkpoint()->set_every_epochs(10);
  sweep_ = client_->Create(spec);
}

void ChaosCycle::Wait(int least_ms, int most_ms) {
  Eventually([] { return false; }, std::chrono::milliseconds(Draw(least_ms, most_ms)) / Slowness());
}

void ChaosCycle::Hit(ChaosFigures* figures) {
  Worker& worker = workers_[static_cast<size_t>(Draw(0, 1))];
  switch (Draw(0, disk_.mounted() ? 7 : 6)) {
    case 0:
      ++figures->server_kills;
      server_.Kill9();
      Wait(0, 1000);
      server_.Start();
      client_.emplace(server_.address());
      return;
    case 1:
      ++figures->server_stops;
      server_.process().Signal(SIGSTOP);
      Wait(kShort, kLong);
      return server_.process().Signal(SIGCONT);
    case 2:
      ++figures->worker_kills;
      worker.process->Kill9();
      Wait(0, 1000);
      return StartWorkerProcess(worker);
    case 3:
      ++figures->worker_stops;
      worker.process->Signal(SIGSTOP);
      Wait(kShort, kLong);
      return worker.process->Signal(SIGCONT);
    case 7:
      ++figures->full_disks;
      disk_.Fill();
      Wait(kShort, kLong);
      return disk_.Free();
    default:
      ++figures->network_faults;
      worker.proxy->Set(static_cast<FaultyProxy::Fault>(Draw(1, FaultyProxy::kFaults - 1)));
      Wait(kShort, kLong);
      return worker.proxy->Set(FaultyProxy::Fault::kNone);
  }
}

ChaosResults ChaosCycle::Collect(uint64_t* attempts) {
  EXPECT_TRUE(client_->AwaitFinished(sweep_));
  const v1::Sweep now = client_->Get(sweep_);
  EXPECT_EQ(now.state(), v1::SWEEP_STATE_FINISHED) << now.ShortDebugString();
  EXPECT_EQ(now.trials().succeeded(), kTrials);
  EXPECT_EQ(now.trials().total(), kTrials);
  const std::vector<v1::Trial> trials = client_->Trials(sweep_);
  for (const v1::Trial& trial : trials) *attempts += trial.attempts();
  ChaosResults results{DigestsOf(trials, kTrials), {}};
  for (const v1::TrialPoint& point : client_->Points(sweep_)) {
    const auto key = std::tuple(point.trial(), point.point().name(), point.point().step());
    EXPECT_TRUE(results.points.emplace(key, point.point().value()).second) << "twice: " << point.ShortDebugString();
  }
  return results;
}

void ChaosCycle::StopAll() {
  constexpr auto kLimit = std::chrono::minutes(3);
  for (Worker& worker : workers_) worker.process->Signal(SIGTERM);
  for (Worker& worker : workers_) EXPECT_EQ(worker.process->AwaitExit(kLimit), 0) << worker.process->LogText();
  server_.process().Signal(SIGTERM);
  EXPECT_EQ(server_.process().AwaitExit(kLimit), 0);
  // Among other things PRAGMA integrity_check.
  ChildProcess check({BASIN_SERVER, "check", (dir_.path() / "server").string()}, dir_.path() / "check.log");
  EXPECT_EQ(check.AwaitExit(kLimit), 0) << check.LogText();
}

ChaosResults ChaosCycle::Undisturbed() {
  ChaosCycle cycle(0);
  cycle.StartAll();
  uint64_t attempts = 0;
  ChaosResults results = cycle.Collect(&attempts);
  EXPECT_EQ(results.digests.size(), kTrials);
  EXPECT_GE(results.points.size(), kTrials * kEpochs);
  cycle.StopAll();
  return results;
}

void ChaosCycle::Run(const ChaosResults& expected, ChaosFigures* figures) {
  StartAll();
  for (int fault = 0; fault < kFaults && !testing::Test::HasFailure(); ++fault) {
    Wait(0, 300);
    Hit(figures);
  }
  const ChaosResults results = Collect(&figures->attempts);
  EXPECT_EQ(results.digests, expected.digests);
  EXPECT_EQ(results.points.size(), expected.points.size());
  EXPECT_TRUE(results == expected) << "another value of a metric than in an undisturbed run";
  StopAll();
  if (!testing::Test::HasFailure()) return;
  std::cout << "The server's log:\n" << server_.process().LogText();
  for (const Worker& worker : workers_) {
    std::cout << "The log of worker " << worker.name << ":\n" << worker.process->LogText();
  }
}

}  // namespace basin::tests
