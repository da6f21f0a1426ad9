#include "server/runtime/random_id.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::runtime {
namespace {

using testing::MatchesRegex;

TEST(RandomIdTest, IdsAreShortAndOfTheirAlphabet) {
  const core::State state{core::Settings()};
  EXPECT_THAT(FreshSweepId(state, SystemRandomBits()), MatchesRegex("[a-z2-7]{8}"));
  EXPECT_THAT(FreshWorkerId(state, SystemRandomBits()), MatchesRegex("w-[a-z2-7]{12}"));
}

TEST(RandomIdTest, AnIdThatIsTakenIsDrawnAgain) {
  tests::Scheduler scheduler;
  scheduler.Create("aaaaaaaa", tests::SweepBuilder().Build());
  uint64_t next = 0;
  EXPECT_EQ(FreshSweepId(scheduler.state(), [&next] { return next++; }), "baaaaaaa");
}

}  // namespace
}  // namespace basin::server::runtime
