#include <cmath>

#include "gmock/gmock.h"
#include "tests/proto/contract/schedule/parse.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(CyclicScheduleTest, GoesUpAndDownAlongStraightLines) {
  auto schedule =
      MakeSchedule("cyclic { up_steps: 10 down_steps: 20 mode: MODE_TRIANGULAR min_factor: 0.2 }", {75, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 0.2);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(5), 0.6);
  EXPECT_EQ((*schedule)->Factor(10), 1);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(20), 0.6);
  EXPECT_EQ((*schedule)->Factor(30), 0.2);
  EXPECT_EQ((*schedule)->Factor(40), 1);
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(30, 60));
}

TEST(CyclicScheduleTest, Triangular2HalvesThePeakEachCycle) {
  auto schedule = MakeSchedule("cyclic { up_epochs: 1 mode: MODE_TRIANGULAR2 min_factor: 0 }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(10), 1);
  EXPECT_EQ((*schedule)->Factor(30), 0.5);
  EXPECT_EQ((*schedule)->Factor(50), 0.25);
}

TEST(CyclicScheduleTest, ExpRangeScalesEveryStep) {
  auto schedule = MakeSchedule("cyclic { up_steps: 10 mode: MODE_EXP_RANGE min_factor: 0.5 gamma: 0.9 }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_NEAR((*schedule)->Factor(10), 0.5 + 0.5 * std::pow(0.9, 10), 1e-15);
  EXPECT_NEAR((*schedule)->Factor(35), 0.5 + 0.5 * 0.5 * std::pow(0.9, 35), 1e-15);
}

TEST(OneCycleScheduleTest, BeginsAtStartPeaksAndEndsAtEnd) {
  auto schedule = MakeSchedule(
      "one_cycle { up_fraction: 0.25 start_factor: 0.1 end_factor: 0.001 anneal: ANNEAL_LINEAR }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 0.1);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(12), 0.55);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(24), 1);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(99), 0.001);
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(100));
}

TEST(OneCycleScheduleTest, TheShortestTrainingsAreFinite) {
  for (const uint64_t steps : {1, 2, 3, 4}) {
    for (const char* up : {"0.25", "0.5", "0.999"}) {
      auto schedule = MakeSchedule(
          "one_cycle { up_fraction: " + std::string(up) + " start_factor: 0.1 end_factor: 0.01 anneal: ANNEAL_COSINE }",
          {steps, 1});
      ASSERT_TRUE(schedule.ok()) << schedule.status();
      for (uint64_t t = 0; t < steps; ++t) {
        EXPECT_GE((*schedule)->Factor(t), 0.01) << steps << " " << up << " " << t;
        EXPECT_LE((*schedule)->Factor(t), 1) << steps << " " << up << " " << t;
      }
    }
  }
}

struct Fault {
  const char* spec;
  const char* message;
};
class CyclicFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(CyclicFaultTest, IsRefusedByItsPath) {
  auto schedule = MakeSchedule(GetParam().spec, {100, 10});
  EXPECT_EQ(schedule.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(schedule.status().message()), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, CyclicFaultTest,
    testing::Values(Fault{"cyclic { up_epochs: 11 mode: MODE_TRIANGULAR min_factor: 0 }",
                          "cyclic.up_epochs: is longer than the training: 11 of 10 epochs"},
                    Fault{"cyclic { up_steps: 5 down_steps: 101 mode: MODE_TRIANGULAR min_factor: 0 }",
                          "cyclic.down_steps: is longer than the training: 101 of 100 steps"},
                    Fault{"cyclic { up_steps: 5 mode: MODE_EXP_RANGE min_factor: 0 }",
                          "cyclic.gamma: is required by mode exp_range"},
                    Fault{"cyclic { up_steps: 5 mode: MODE_TRIANGULAR min_factor: 0 gamma: 0.5 }",
                          "cyclic.gamma: is for mode exp_range alone"}));

}  // namespace
}  // namespace basin::contract
