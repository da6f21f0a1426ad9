// Whole sweeps over real processes while faults hit:
//
//   chaos --cycles 200 --seed 1
//
// Cycle i has seed SEED + i; a failure prints the command that repeats its faults.
#include <CLI/CLI.hpp>
#include <iostream>

#include "gtest/gtest.h"
#include "tests/cluster/chaos_cycle.h"

namespace basin::tests {
namespace {

int cycles = 2;
uint64_t first_seed = 1;

TEST(ChaosTest, WhateverHitsASweepItsResultsAreThoseOfAnUndisturbedOne) {
  const ChaosResults expected = ChaosCycle::Undisturbed();
  ASSERT_FALSE(HasFailure());
  ChaosFigures all;
  for (int i = 0; i < cycles; ++i) {
    const uint64_t seed = first_seed + static_cast<uint64_t>(i);
    ChaosCycle cycle(seed);
    if (i == 0 && !cycle.has_small_disk()) std::cout << "no file system can be mounted here: no disk is full\n";
    cycle.Run(expected, &all);
    ASSERT_FALSE(HasFailure()) << "repeat with: chaos --cycles 1 --seed " << seed;
    std::cout << "cycle " << i + 1 << ": " << all.server_kills << " kills and " << all.server_stops
              << " stops of the server, " << all.worker_kills << " and " << all.worker_stops << " of workers, "
              << all.network_faults << " network faults, " << all.full_disks << " full disks, " << all.attempts
              << " attempts so far" << std::endl;
  }
}

}  // namespace
}  // namespace basin::tests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  CLI::App app("Sweeps over real processes while faults hit.");
  app.add_option("--cycles", basin::tests::cycles, "How many sweeps");
  app.add_option("--seed", basin::tests::first_seed, "The seed of the first one's faults");
  CLI11_PARSE(app, argc, argv);
  return RUN_ALL_TESTS();
}
