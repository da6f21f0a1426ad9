// The real server as a child process, with durable commits, over gRPC on loopback.
//
//   bench_coordinator --only life,simple --seconds 2 --repetitions 5 --format json

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/benchmark/coordinator/connected_workers.h"
#include "tests/benchmark/coordinator/connection.h"
#include "tests/benchmark/coordinator/empty_server.h"
#include "tests/benchmark/coordinator/figures.h"
#include "tests/benchmark/coordinator/measured_server.h"
#include "tests/benchmark/coordinator/stored_trials.h"
#include "tests/benchmark/coordinator/sweeps.h"
#include "tests/benchmark/coordinator/user_reads.h"
#include "tests/benchmark/coordinator/worker_loads.h"
#include "tests/support/eventually.h"

namespace basin::benchmark {
namespace {

struct Options {
  std::vector<std::string> only;
  Windows windows;
  uint32_t slots = 64;
  uint64_t points_a_call = 1000;
  ConnectedLoad connected;
  StoredTrialsSize stored;
  std::string stored_dir;
  std::string format = "text";
  std::string empty_server;  // As the child process that answers empty calls.
};

using Figures = std::vector<Figure>;

// 10 million configs of three params: a fresh one for each trial.
v1::SweepSpec TenMillionConfigs() { return GridSweep("ten-million", 10000000 / kConfigsARate, 1); }

double PerUnit(uint64_t bytes, uint64_t units) {
  return static_cast<double>(bytes) / static_cast<double>(std::max<uint64_t>(1, units));
}

void RunLife(const Options& options, Figures* figures) {
  MeasuredServer server;
  server.Start();
  UserConnection(server.address()).Submit(TenMillionConfigs());
  const Rates rates = MeasureBatchingWorkers(server.address(), options.slots, options.windows);
  figures->push_back({"whole life of a trial", "trials/s", rates.per_second, "10000",
                      absl::StrCat("8 workers of ", options.slots,
                                   " slots that batch as basin-worker does: lease, 10 points, outcome; "
                                   "each trial a fresh config of 3 params")});
  const double microseconds = 1e6 * server.ProcessorSeconds() / static_cast<double>(std::max<uint64_t>(1, rates.total));
  figures->push_back({"processor time of the server, a trial", "us", {microseconds}, "", "all of its threads"});
  server.Stop();
  figures->push_back({"disk, a trial with 10 points", "B", {PerUnit(server.DatabaseBytes(), rates.total)}, "", ""});
}

// HOST:PORT of a child process that answers empty calls.
class EmptyServer {
 public:
  EmptyServer()
      : process_({std::filesystem::read_symlink("/proc/self/exe").string(), "--empty-server", Endpoint()},
                 dir_.path() / "log") {
    if (!tests::Eventually([this] { return std::filesystem::exists(Endpoint()); })) Fail("no server of empty calls");
    std::ifstream(Endpoint()) >> address_;
  }
  const std::string& address() const { return address_; }

 private:
  std::string Endpoint() const { return (dir_.path() / "endpoint").string(); }
  tests::TempDir dir_;
  tests::ChildProcess process_;
  std::string address_;
};

void RunSimple(const Options& options, Figures* figures) {
  std::vector<double> calls, empty, shares;
  MeasuredServer server;
  server.Start();
  UserConnection(server.address()).Submit(TenMillionConfigs());
  EmptyServer empty_server;
  // By turns, so that both see the same machine.
  Windows window = options.windows;
  window.repetitions = 1;
  for (int i = 0; i < options.windows.repetitions; ++i) {
    calls.push_back(MeasureSimpleWorkers(server.address(), window).per_second.front());
    empty.push_back(MeasureEmptyCalls(empty_server.address(), window).per_second.front());
    shares.push_back(100 * calls.back() / empty.back());
  }
  figures->push_back({"calls of 8 simple workers", "calls/s", calls, "",
                      absl::StrCat(kCallsASimpleTrial, " calls a trial: lease, 10 reports of a point, completion")});
  figures->push_back({"empty calls of 8 callers", "calls/s", empty, "", ""});
  figures->push_back({"simple workers, of empty calls", "%", shares, "60", ""});
}

void RunPoints(const Options& options, Figures* figures) {
  MeasuredServer server;
  server.Start();
  UserConnection(server.address()).Submit(TenMillionConfigs());
  const Rates rates = MeasurePoints(server.address(), options.points_a_call, options.windows);
  figures->push_back({"metric points", "points/s", rates.per_second, "200000",
                      absl::StrCat("8 workers, ", options.points_a_call, " points a report")});
  server.Stop();
  figures->push_back({"disk, a point", "B", {PerUnit(server.DatabaseBytes(), rates.total)}, "", ""});
}

void RunConnected(const Options& options, Figures* figures) {
  MeasuredServer server;
  server.Start();
  UserConnection(server.address()).Submit(TenMillionConfigs());
  const ConnectedResult result = MeasureConnectedWorkers(server.address(), options.connected);
  if (result.lease_ms.empty()) Fail("no connected worker got a trial: measure longer");
  const std::string load =
      absl::StrCat(options.connected.workers, " connections, each a worker that reports 10 times a trial");
  figures->push_back({"connected workers: trials",
                      "trials/s",
                      {result.trials_per_second},
                      absl::StrCat(options.connected.trials_per_second),
                      load});
  figures->push_back({"connected workers: p50 of a lease", "ms", {Quantile(result.lease_ms, 0.5)}, "", ""});
  figures->push_back({"connected workers: p99 of a lease", "ms", {Quantile(result.lease_ms, 0.99)}, "< 50", ""});
  figures->push_back({"connected workers: p99 of a report", "ms", {Quantile(result.report_ms, 0.99)}, "", ""});
  figures->push_back({"connected workers: memory of the server", "MB", {server.ResidentMegabytes()}, "", ""});
}

void RunSubmit(const Options& options, Figures* figures) {
  MeasuredServer server;
  server.Start();
  UserConnection user(server.address());
  const uint64_t before = server.DatabaseBytes();
  std::vector<double> ms;
  for (int i = 0; i < std::max(1, options.windows.repetitions); ++i) {
    const Clock::time_point began = Clock::now();
    user.Submit(TenMillionConfigs());
    ms.push_back(1000 * SecondsSince(began));
  }
  const double megabytes = PerUnit(server.DatabaseBytes() - before, ms.size()) / 1e6;
  figures->push_back({"submit of a 10-million-trial grid", "ms", ms, "< 50", ""});
  figures->push_back({"its size on disk, log included", "MB", {megabytes}, "< 1", ""});
}

void AddReads(const UserReads& reads, Figures* figures) {
  figures->push_back({"results, grouped by two params", "ms", reads.results_grouped, "< 200", "first page"});
  figures->push_back({"results, filtered, sorted by a metric", "ms", reads.results_filtered, "< 200", "first page"});
  figures->push_back({"results, a row a config", "ms", reads.results_configs, "< 200", "first page"});
  figures->push_back({"trials", "ms", reads.trials, "", "first page"});
  figures->push_back({"list", "ms", reads.list, "< 50", ""});
  figures->push_back({"show", "ms", reads.show, "< 50", ""});
  figures->push_back({"watch: from outcome sent to change told", "ms", reads.watch, "< 50", ""});
}

void RunStored(const Options& options, Figures* figures) {
  std::optional<tests::TempDir> temporary;
  std::string dir = options.stored_dir;
  if (dir.empty()) dir = (temporary.emplace().path() / "stored").string();
  const StoredTrials stored = MakeStoredTrials(dir, options.stored);
  MeasuredServer server(dir);
  const std::string size = absl::StrCat(options.stored.finished, " finished trials of ", options.stored.points_a_trial,
                                        " points in one sweep, ", options.stored.running,
                                        " running ones; written by the store without a server");
  const double bytes = PerUnit(server.DatabaseBytes(), options.stored.finished);
  figures->push_back({"stored: bytes a trial with its points", "B", {bytes}, "", size});
  const double ready = server.Start();
  figures->push_back({"stored: ready after a clean stop", "s", {ready}, "", ""});
  figures->push_back({"stored: memory after the start", "MB", {server.ResidentMegabytes()}, "< 200", ""});
  AddReads(MeasureUserReads(server.address(), stored.finished_sweep, options.windows.repetitions), figures);
  figures->push_back({"stored: memory after the reads", "MB", {server.ResidentMegabytes()}, "", ""});

  UserConnection(server.address()).Submit(TenMillionConfigs());
  const std::vector<double> here = MeasureBatchingWorkers(server.address(), options.slots, options.windows).per_second;
  figures->push_back({"stored: memory under load", "MB", {server.ResidentMegabytes()}, "< 200", ""});
  server.Kill9();
  figures->push_back({"stored: ready after kill -9 under load", "s", {server.Start()}, "< 5", ""});

  MeasuredServer fresh;
  fresh.Start();
  UserConnection(fresh.address()).Submit(TenMillionConfigs());
  const std::vector<double> there = MeasureBatchingWorkers(fresh.address(), options.slots, options.windows).per_second;
  figures->push_back({"whole life beside the stored trials", "trials/s", here, "", ""});
  figures->push_back({"whole life in a fresh database", "trials/s", there, "", ""});
  figures->push_back({"cost of a trial beside them, of one in a fresh database",
                      "x",
                      {Median(there) / Median(here)},
                      "< 1.2",
                      "the same load on both"});
}

const std::map<std::string, std::function<void(const Options&, Figures*)>>& Benchmarks() {
  static const auto* const all = new std::map<std::string, std::function<void(const Options&, Figures*)>>{
      {"life", RunLife},           {"simple", RunSimple}, {"points", RunPoints},
      {"connected", RunConnected}, {"submit", RunSubmit}, {"stored", RunStored}};
  return *all;
}

std::string Names() {
  return absl::StrJoin(Benchmarks(), ", ", [](std::string* out, const auto& entry) { out->append(entry.first); });
}

int Run(const Options& options) {
  if (!options.empty_server.empty()) return ServeEmptyCalls(options.empty_server);
  Figures figures;
  for (const auto& [name, run] : Benchmarks()) {
    const bool wanted = options.only.empty() || std::ranges::find(options.only, name) != options.only.end();
    if (wanted) run(options, &figures);
  }
  Print(figures, options.format == "json");
  return 0;
}

}  // namespace
}  // namespace basin::benchmark

int main(int argc, char** argv) {
  using basin::benchmark::kConfigsARate;
  basin::benchmark::Options options;
  CLI::App app("Speed and memory of the real basin-server under loads over loopback gRPC, with durable commits.");
  app.add_option("--only", options.only, "which, by commas: " + basin::benchmark::Names() + " [all]")
      ->delimiter(',')
      ->check([](const std::string& name) {
        return basin::benchmark::Benchmarks().contains(name) ? "" : "expected " + basin::benchmark::Names();
      });
  app.add_option("--seconds", options.windows.seconds, "of each repetition")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--warmup", options.windows.warmup_seconds, "seconds before the first one")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--repetitions", options.windows.repetitions, "whose median is printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--slots", options.slots, "of each batching worker")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--points", options.points_a_call, "in a report, where points are measured")
      ->check(CLI::Range(1, 40000))
      ->capture_default_str();
  app.add_option("--workers", options.connected.workers, "connected ones")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--trials-per-second", options.connected.trials_per_second, "of all connected workers together")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--connected-seconds", options.connected.seconds, "to measure connected workers")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--stored-trials", options.stored.finished, "finished ones in the stored database")
      ->check([](const std::string& text) {
        const uint64_t trials = std::strtoull(text.c_str(), nullptr, 10);
        const bool whole = trials > 0 && trials % (10 * kConfigsARate) == 0;
        return whole ? std::string() : absl::StrCat("expected a multiple of ", 10 * kConfigsARate);
      })
      ->capture_default_str();
  app.add_option("--stored-points", options.stored.points_a_trial, "of each of them")
      ->check(CLI::Range(4, 1000))
      ->capture_default_str();
  app.add_option("--stored-running", options.stored.running, "running ones beside them")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  app.add_option("--stored-dir", options.stored_dir, "keeps the stored database for the next run [a temporary folder]");
  app.add_option("--format", options.format)->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  app.add_option("--empty-server", options.empty_server)->group("");
  CLI11_PARSE(app, argc, argv);
  return basin::benchmark::Run(options);
}
