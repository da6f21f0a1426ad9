// Takes the power from the SQLite store, again and again:
//
//   crash_store --losses 10000 --seed 1
//
// Each seed is a store of its own with ten incidents: losses of power, and some I/O errors, full disks and kills
// between them. Exits 1 at the first that breaks a promise, and prints the command that repeats it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "tests/server/store/crash_run.h"

int main(int argc, char** argv) {
  uint64_t losses = 1000, seed = 1;
  CLI::App app("Takes the power from the SQLite store, again and again.");
  app.add_option("--losses", losses, "How many losses of power at least");
  app.add_option("--seed", seed, "The first seed");
  CLI11_PARSE(app, argc, argv);

  const auto start = std::chrono::steady_clock::now();
  const uint64_t first = seed;
  basin::tests::CrashFigures all;
  for (; all.losses + all.losses_while_opening < losses; ++seed) {
    basin::tests::CrashRun run(seed);
    if (const auto violation = run.Run(10)) {
      std::cout << *violation << "\n  repeat with: crash_store --losses 1 --seed " << seed << "\n";
      return 1;
    }
    const basin::tests::CrashFigures& one = run.figures();
    all.losses += one.losses;
    all.losses_while_opening += one.losses_while_opening;
    all.kills += one.kills;
    all.io_errors += one.io_errors;
    all.full_disks += one.full_disks;
    all.commits += one.commits;
    all.vanished += one.vanished;
    all.completed += one.completed;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << seed - first << " seeds: " << all.losses << " losses of power and " << all.losses_while_opening
            << " more while opening, " << all.kills << " kills, " << all.io_errors << " I/O errors, " << all.full_disks
            << " full disks; " << all.commits << " batches acknowledged; of those under way " << all.vanished
            << " did not happen and " << all.completed << " did; no violation, in " << took.count() << " s\n";
  return 0;
}
