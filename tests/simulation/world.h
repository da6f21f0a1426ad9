#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/decide.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/mutants.h"
#include "tests/simulation/timeline.h"
#include "tests/simulation/timing.h"
#include "tests/simulation/trace.h"
#include "tests/simulation/work.h"

namespace basin::tests::simulation {

struct RunOptions {
  uint64_t seed = 1;
  const Mutant* mutant = nullptr;
  bool print = false;
  // Without the core's own check of its state: the history alone must tell.
  bool history_alone = false;
};

struct RunResult {
  std::optional<std::string> violation;
  uint64_t digest = 0;
  server::core::MonoTime virtual_time{};
  uint64_t crashes = 0;  // Of the coordinator.
  uint64_t worker_crashes = 0;
  uint64_t lost_messages = 0;
  uint64_t duplicates = 0;
  uint64_t refused_reports = 0;  // Of attempts that had lost their lease.
  uint64_t commits = 0;
  uint64_t attempts = 0;
  uint64_t results = 0;
  uint64_t requeued = 0;
  uint64_t resumed = 0;  // Attempts that were given a checkpoint.
  uint64_t rejected_checkpoints = 0;
  uint64_t reused = 0;
};

// One run: a coordinator with the real core, workers that follow WorkerService, users, and a network, in virtual time.
// First a while with faults; then all faults stop, and everything must end in bounded time.
RunResult RunSeed(const RunOptions& options);

// The first of the mutant's seeds whose history alone shows the defect, and what it shows.
struct Sighting {
  uint64_t seed = 0;
  std::string violation;
};
std::optional<Sighting> FindDefect(const Mutant& mutant);

// What the parts of a run share.
struct World {
  explicit World(const RunOptions& options)
      : dice(options.seed),
        mutant(options.mutant),
        history_alone(options.history_alone),
        trace(options.print),
        faults(Faults::Draw(dice)) {}
  Timeline timeline;
  Dice dice;
  const Mutant* mutant;
  const bool history_alone;
  Trace trace;
  Faults faults;
  Checker checker;
  Works works;
  RunResult result;
  bool healed = false;  // No fault happens any more.

  void Note(const std::string& line) { trace.Add(timeline.now(), line); }
  // Calls `action` again and again, on average `mean` apart, until the world is healed. Never, if mean is zero.
  void Sometimes(server::core::MonoTime mean, std::function<void()> action);
};

}  // namespace basin::tests::simulation
