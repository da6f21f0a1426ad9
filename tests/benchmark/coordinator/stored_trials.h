#pragma once

#include <cstdint>
#include <string>

namespace basin::benchmark {

// The sweeps of a database with many trials.
struct StoredTrials {
  std::string finished_sweep;  // FINISHED: its trials all have results.
  std::string running_sweep;   // Trials of it run; more are pending.
};

struct StoredTrialsSize {
  uint64_t finished = 1000000;   // A multiple of 5 x kConfigsARate: five seeds.
  uint64_t points_a_trial = 20;  // Of four metrics.
  uint64_t running = 10000;
};

// Makes a database in the empty or missing folder `dir`. The sweeps are submitted to a real server; the events of their
// trials are then written by the store itself, without a server and without workers, 2,000 trials a commit: the rows
// are those of a server's run, in less time. A folder that holds such a database of the same size is left as it is.
StoredTrials MakeStoredTrials(const std::string& dir, const StoredTrialsSize& size);

}  // namespace basin::benchmark
