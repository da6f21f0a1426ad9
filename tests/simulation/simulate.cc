// Runs seeds of the simulation:
//
//   simulate --seeds 100000 --hours 10000 --first-seed 1     until there are so many seeds and so many hours
//   simulate --mutants                                       which seed sees which defect
//   simulate --seeds 1 --first-seed 7 --mutant NAME --trace  one run, line by line
//
// An hour is an hour of virtual time of one cluster. Exits 1 at the first seed that violates a promise, and prints the
// command that repeats it. A mutant is expected to be seen: exits 1 if it is not.
#include <CLI/CLI.hpp>
#include <chrono>
#include <iomanip>
#include <iostream>

#include "tests/simulation/world.h"

namespace {

using basin::tests::simulation::AllMutants;
using basin::tests::simulation::FindDefect;
using basin::tests::simulation::FindMutant;
using basin::tests::simulation::Mutant;
using basin::tests::simulation::RunOptions;
using basin::tests::simulation::RunResult;

int ShowMutants() {
  int unseen = 0;
  std::cout << std::left << std::setw(34) << "MUTANT" << std::setw(10) << "SEEN BY"
            << "AS\n";
  for (const Mutant& mutant : AllMutants()) {
    const auto sighting = FindDefect(mutant);
    unseen += sighting ? 0 : 1;
    std::cout << std::setw(34) << mutant.name << std::setw(10)
              << (sighting ? "seed " + std::to_string(sighting->seed) : "NONE")
              << (sighting ? sighting->violation : "of 1 to " + std::to_string(mutant.seeds)) << std::endl;
  }
  std::cout << AllMutants().size() << " mutants, " << unseen << " unseen\n";
  return unseen == 0 ? 0 : 1;
}

int RunSeeds(RunOptions options, uint64_t first, uint64_t seeds, double hours) {
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double, std::ratio<3600>> virtual_time{};
  uint64_t attempts = 0, results = 0, crashes = 0;
  uint64_t seed = first;
  for (; seed < first + seeds || virtual_time.count() < hours; ++seed) {
    options.seed = seed;
    const RunResult result = RunSeed(options);
    virtual_time += result.virtual_time;
    attempts += result.attempts;
    results += result.results;
    crashes += result.crashes + result.worker_crashes;
    if (options.print) std::cout << "seed " << seed << " digest " << result.digest << "\n";
    if (!result.violation) continue;
    std::cout << "seed " << seed << ": " << *result.violation << "\n  repeat with: simulate --seeds 1 --first-seed "
              << seed << (options.mutant == nullptr ? "" : " --mutant " + options.mutant->name) << " --trace\n";
    return options.mutant == nullptr ? 1 : 0;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << seed - first << " seeds, " << virtual_time.count() << " cluster-hours, " << crashes << " crashes, "
            << attempts << " attempts, " << results << " results, no violation, in " << took.count() << " s\n";
  return options.mutant == nullptr ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  uint64_t seeds = 100, first = 1;
  double hours = 0;
  std::string mutant;
  bool show_mutants = false;
  RunOptions options;
  CLI::App app("Runs the scheduler against a simulated network, crashes and clocks.");
  app.add_option("--seeds", seeds, "How many seeds to run at least");
  app.add_option("--hours", hours, "How many hours of virtual time to run at least");
  app.add_option("--first-seed", first, "The first seed");
  app.add_option("--mutant", mutant, "A defect to seed into the scheduler");
  app.add_flag("--mutants", show_mutants, "Show which seed sees which defect");
  app.add_flag("--history-alone", options.history_alone, "Do not check the scheduler's memory, only what it leads to");
  app.add_flag("--trace", options.print, "Print what happens");
  CLI11_PARSE(app, argc, argv);
  if (show_mutants) return ShowMutants();
  options.mutant = FindMutant(mutant);
  if (!mutant.empty() && options.mutant == nullptr) {
    std::cerr << "there is no mutant '" << mutant << "'; --mutants lists them\n";
    return 2;
  }
  return RunSeeds(options, first, seeds, hours);
}
