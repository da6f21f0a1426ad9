#include <gtest/gtest.h>

#include "tests/simulation/world.h"

namespace basin::tests::simulation {
namespace {

constexpr uint64_t kSeeds = 500;

RunOptions With(uint64_t seed) {
  RunOptions options;
  options.seed = seed;
  return options;
}

std::string Repeat(uint64_t seed) {
  return "repeat with: simulate --seeds 1 --trace --first-seed " + std::to_string(seed);
}

TEST(SimulationTest, NoSeedBreaksAPromise) {
  RunResult all;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const RunResult result = RunSeed(With(seed));
    ASSERT_EQ(result.violation.value_or(""), "") << Repeat(seed);
    all.crashes += result.crashes;
    all.worker_crashes += result.worker_crashes;
    all.lost_messages += result.lost_messages;
    all.duplicates += result.duplicates;
    all.refused_reports += result.refused_reports;
    all.requeued += result.requeued;
    all.reused += result.reused;
    all.results += result.results;
    all.resumed += result.resumed;
    all.rejected_checkpoints += result.rejected_checkpoints;
  }
  // The promises were put to the test.
  EXPECT_GT(all.crashes, kSeeds);
  EXPECT_GT(all.worker_crashes, kSeeds);
  EXPECT_GT(all.lost_messages, kSeeds * 10);
  EXPECT_GT(all.duplicates, kSeeds * 10);
  EXPECT_GT(all.refused_reports, kSeeds);
  EXPECT_GT(all.requeued, kSeeds);
  EXPECT_GT(all.reused, kSeeds);
  EXPECT_GT(all.results, kSeeds * 10);
  EXPECT_GT(all.resumed, kSeeds / 2);
  EXPECT_GT(all.rejected_checkpoints, kSeeds / 20);
}

// A seed keeps its meaning only until the simulation draws differently, so each failure has a test of its own as well.
TEST(SimulationTest, NoSeedThatFailedOnceFailsAgain) {
  for (const uint64_t seed : {7930, 79643, 212779, 320012})
    EXPECT_EQ(RunSeed(With(seed)).violation.value_or(""), "") << Repeat(seed);
}

TEST(SimulationTest, SameSeedGivesTheSameTrace) {
  for (uint64_t seed = 1; seed <= 10; ++seed) EXPECT_EQ(RunSeed(With(seed)).digest, RunSeed(With(seed)).digest);
  EXPECT_NE(RunSeed(With(1)).digest, RunSeed(With(2)).digest);
}

class MutantTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(MutantTest, IsSeenInTheHistory) {
  EXPECT_TRUE(FindDefect(GetParam())) << GetParam().seeds << " seeds did not see that " << GetParam().defect;
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest, ::testing::ValuesIn(AllMutants()), [](const auto& test) {
  std::string name = test.param.name;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace basin::tests::simulation
