#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "tests/cluster/faulty_proxy.h"
#include "tests/cluster/programs.h"
#include "tests/cluster/small_disk.h"
#include "tests/cluster/sweeps.h"
#include "tests/support/temp_dir.h"

namespace basin::tests {

// What a sweep gives, to the last bit.
struct ChaosResults {
  std::map<uint64_t, std::string> digests;                               // Of the weights, by trial.
  std::map<std::tuple<uint64_t, std::string, uint64_t>, double> points;  // By trial, metric and step.
  bool operator==(const ChaosResults&) const = default;
};

struct ChaosFigures {
  int server_kills = 0, server_stops = 0, worker_kills = 0, worker_stops = 0, network_faults = 0, full_disks = 0;
  uint64_t attempts = 0;
};

// One sweep over real processes while faults hit: the server and two workers that reach it through faulty proxies.
// Which faults, of what length and after which time, follows from the seed; what they meet does not.
class ChaosCycle {
 public:
  explicit ChaosCycle(uint64_t seed);

  // Without faults, by the same processes.
  static ChaosResults Undisturbed();

  // Runs the sweep to its end; fails the test if that is not `expected`, or if the data dir is not whole after it.
  void Run(const ChaosResults& expected, ChaosFigures* figures);
  bool has_small_disk() const { return disk_.mounted(); }

 private:
  struct Worker {
    std::string name;
    std::unique_ptr<FaultyProxy> proxy;
    std::unique_ptr<ChildProcess> process;
  };

  void StartAll();
  void StartWorkerProcess(Worker& worker);
  void Hit(ChaosFigures* figures);
  // For so long, or until the sweep has ended.
  void Wait(int least_ms, int most_ms);
  ChaosResults Collect(uint64_t* attempts);
  void StopAll();
  int Draw(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }

  std::mt19937_64 random_;
  TempDir dir_;
  SmallDisk disk_;
  ServerProgram server_;
  std::vector<Worker> workers_;
  std::optional<SweepClient> client_;
  std::string sweep_;
};

}  // namespace basin::tests
