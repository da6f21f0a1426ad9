#include <cmath>
#include <numbers>

#include "gmock/gmock.h"
#include "tests/proto/contract/schedule/parse.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

double HalfWave(double progress, double length) { return (1 + std::cos(std::numbers::pi * progress / length)) / 2; }

TEST(SgdrScheduleTest, EqualPeriodsRepeatTheCosine) {
  auto schedule = MakeSchedule("sgdr { first_period_epochs: 2 period_factor: 1 min_factor: 0 }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  for (uint64_t t = 0; t < 100; ++t) {
    EXPECT_NEAR((*schedule)->Factor(t), HalfWave(static_cast<double>(t % 20), 20), 1e-15) << t;
  }
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(20, 40, 60, 80, 100));
}

TEST(SgdrScheduleTest, PeriodsGrowByTheirFactor) {
  auto schedule = MakeSchedule("sgdr { first_period_steps: 10 period_factor: 2 min_factor: 0.2 }", {200, 7});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(10, 30, 70, 150));
  EXPECT_EQ((*schedule)->Factor(0), 1);
  EXPECT_NEAR((*schedule)->Factor(9), 0.2 + 0.8 * HalfWave(9, 10), 1e-15);
  EXPECT_EQ((*schedule)->Factor(10), 1);
  EXPECT_NEAR((*schedule)->Factor(29), 0.2 + 0.8 * HalfWave(19, 20), 1e-15);
  EXPECT_NEAR((*schedule)->Factor(110), 0.2 + 0.8 * HalfWave(40, 80), 1e-15);
  EXPECT_EQ((*schedule)->Factor(150), 1);
}

TEST(SgdrScheduleTest, FractionalFactorsRestartOnWholeSteps) {
  auto schedule = MakeSchedule("sgdr { first_period_steps: 3 period_factor: 1.5 min_factor: 0 }", {60, 1});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  // 3, 3 + 4.5, 3 + 4.5 + 6.75, ... = 3, 7.5, 14.25, 24.375, 39.5625, to nearest.
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(3, 8, 14, 24, 40));
  for (const uint64_t restart : CycleEnds(**schedule)) {
    EXPECT_EQ((*schedule)->Factor(restart), 1) << restart;
    EXPECT_LT((*schedule)->Factor(restart - 1), 0.3) << restart;
  }
}

TEST(SgdrScheduleTest, FactorsNextToOneStayExactInLongTrainings) {
  auto schedule =
      MakeSchedule("sgdr { first_period_steps: 1000 period_factor: 1.000000000001 min_factor: 0 }", {1000000000, 1});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  // The millionth restart would be at 1e9 + 1e3 * 1e-12 * (1e6)^2 / 2 = 1e9 + 500.
  EXPECT_EQ((*schedule)->Factor(1000000500), 1);
}

TEST(SgdrScheduleTest, AHugeFactorLeavesOneLongSecondPeriod) {
  auto schedule = MakeSchedule("sgdr { first_period_steps: 1 period_factor: 1000 min_factor: 0 }", {1000000000000, 1});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(1), 1);
  EXPECT_NEAR((*schedule)->Factor(501), 0.5, 1e-12);
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(1, 1001, 1001001, 1001001001));
}

TEST(SgdrScheduleTest, AFirstPeriodAsLongAsTheTrainingIsTheCosine) {
  auto sgdr = MakeSchedule("sgdr { first_period_epochs: 10 period_factor: 1 min_factor: 0 }", {100, 10});
  auto cosine = MakeSchedule("cosine { min_factor: 0 }", {100, 10});
  ASSERT_TRUE(sgdr.ok() && cosine.ok());
  for (uint64_t t = 0; t < 100; ++t) EXPECT_EQ((*sgdr)->Factor(t), (*cosine)->Factor(t)) << t;
  EXPECT_THAT(CycleEnds(**sgdr), ElementsAre(100));
}

TEST(SgdrScheduleTest, AFirstPeriodLongerThanTheTrainingIsRefusedByItsPath) {
  auto epochs = MakeSchedule("sgdr { first_period_epochs: 10.1 period_factor: 1 min_factor: 0 }", {100, 10});
  EXPECT_EQ(epochs.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(epochs.status().message()), HasSubstr("sgdr.first_period_epochs: "));
  EXPECT_THAT(std::string(epochs.status().message()), HasSubstr("10.1 of 10 epochs"));
  auto steps = MakeSchedule("sgdr { first_period_steps: 101 period_factor: 1 min_factor: 0 }", {100, 10});
  EXPECT_EQ(steps.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(steps.status().message()),
              HasSubstr("sgdr.first_period_steps: is longer than the training: 101 of 100 steps"));
}

}  // namespace
}  // namespace basin::contract
