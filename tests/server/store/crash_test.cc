// That what a store has acknowledged survives power loss, and that errors of the disk leave nothing half done.

#include <gtest/gtest.h>

#include "tests/server/store/crash_run.h"

namespace basin::tests {
namespace {

constexpr uint64_t kSeeds = 40;
constexpr int kIncidents = 10;

TEST(CrashTest, WhatWasAcknowledgedSurvivesAndNothingIsHalfDone) {
  CrashFigures all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CrashRun run(seed);
    ASSERT_EQ(run.Run(kIncidents).value_or(""), "") << "repeat with: crash_store --losses 1 --seed " << seed;
    all.losses += run.figures().losses;
    all.losses_while_opening += run.figures().losses_while_opening;
    all.io_errors += run.figures().io_errors;
    all.full_disks += run.figures().full_disks;
    all.commits += run.figures().commits;
    all.vanished += run.figures().vanished;
    all.completed += run.figures().completed;
  }
  // The promise was put to the test.
  EXPECT_GT(all.losses, kSeeds * 3);
  EXPECT_GT(all.losses_while_opening, kSeeds / 8);
  EXPECT_GT(all.io_errors, kSeeds);
  EXPECT_GT(all.full_disks, kSeeds / 8);
  EXPECT_GT(all.commits, kSeeds * 50);
  EXPECT_GT(all.vanished, kSeeds);
  EXPECT_GT(all.completed, 0u);
}

TEST(CrashTest, ADiskThatDoesNotSynchronizeIsFoundOut) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    CrashRun run(seed, /*ignores_sync=*/true);
    EXPECT_TRUE(run.Run(kIncidents)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace basin::tests
