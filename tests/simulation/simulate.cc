// Runs seeds of the simulation:
//
//   simulate --seeds 1000 --first-seed 1 [--mutant NAME] [--trace]
//
// Exits 1 at the first seed that violates a promise, and prints the command that repeats it. With a mutant the seeds
// are expected to find it: exits 1 if none does.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>

#include "tests/simulation/world.h"

int main(int argc, char** argv) {
  using basin::tests::simulation::RunOptions;
  using basin::tests::simulation::RunResult;

  uint64_t seeds = 100, first = 1;
  std::string mutant;
  RunOptions options;
  CLI::App app("Runs the scheduler against a simulated network, crashes and clocks.");
  app.add_option("--seeds", seeds, "How many seeds to run");
  app.add_option("--first-seed", first, "The first of them");
  app.add_option("--mutant", mutant, "A defect to seed into the scheduler; `list` lists them");
  app.add_flag("--history-alone", options.history_alone, "Do not check the scheduler's memory, only what it leads to");
  app.add_flag("--trace", options.print, "Print what happens");
  CLI11_PARSE(app, argc, argv);
  if (mutant == "list") {
    for (const auto& one : basin::tests::simulation::AllMutants()) std::cout << one.name << "\n";
    return 0;
  }
  options.mutant = basin::tests::simulation::FindMutant(mutant);
  if (!mutant.empty() && options.mutant == nullptr) {
    std::cerr << "there is no mutant '" << mutant << "'\n";
    return 2;
  }

  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> virtual_time{};
  uint64_t attempts = 0, results = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    options.seed = seed;
    const RunResult result = RunSeed(options);
    virtual_time += result.virtual_time;
    attempts += result.attempts;
    results += result.results;
    if (options.print) std::cout << "seed " << seed << " digest " << result.digest << "\n";
    if (!result.violation) continue;
    std::cout << "seed " << seed << ": " << *result.violation << "\n  repeat with: simulate --seeds 1 --first-seed "
              << seed << (mutant.empty() ? "" : " --mutant " + mutant) << " --trace\n";
    return options.mutant == nullptr ? 1 : 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << seeds << " seeds, " << virtual_time.count() / 3600 << " h of virtual time, " << attempts << " attempts, "
            << results << " results, no violation, in " << took.count() << " s\n";
  return options.mutant == nullptr ? 0 : 1;
}
