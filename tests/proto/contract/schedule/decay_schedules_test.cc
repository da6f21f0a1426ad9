#include <cmath>
#include <numbers>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/proto/contract/schedule/parse.h"

namespace basin::contract {
namespace {

constexpr TrainingLength kLength{100, 10};

TEST(ConstantScheduleTest, IsAlwaysOne) {
  auto schedule = MakeSchedule("constant {}", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  for (uint64_t t = 0; t < 100; ++t) EXPECT_EQ((*schedule)->Factor(t), 1);
  EXPECT_TRUE(CycleEnds(**schedule).empty());
}

TEST(StepScheduleTest, DropsAfterWholeEpochs) {
  auto schedule = MakeSchedule("step { every_epochs: 3 gamma: 0.5 }", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  for (uint64_t t = 0; t < 100; ++t) EXPECT_EQ((*schedule)->Factor(t), std::ldexp(1.0, -static_cast<int>(t / 30))) << t;
}

TEST(StepScheduleTest, DropsAfterSteps) {
  auto schedule = MakeSchedule("step { every_steps: 7 gamma: 0.25 }", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(6), 1);
  EXPECT_EQ((*schedule)->Factor(7), 0.25);
  EXPECT_EQ((*schedule)->Factor(14), 0.0625);
}

TEST(StepScheduleTest, FractionsOfAnEpochDoNotDrift) {
  // Every 2.5 steps: drops at 2.5, 5, 7.5, ..., and the hundredth at 250.
  auto schedule = MakeSchedule("step { every_epochs: 0.25 gamma: 0.9 }", {1000, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(2), 1);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(3), 0.9);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(5), 0.81);
  EXPECT_NEAR((*schedule)->Factor(249), std::pow(0.9, 99), 1e-18);
  EXPECT_NEAR((*schedule)->Factor(250), std::pow(0.9, 100), 1e-18);
}

TEST(StepScheduleTest, DropsWhereAMilestoneOfAsManyEpochsDoes) {
  // 2.2 * 45 is 99.00000000000001 in double.
  for (const auto& [epochs, steps_per_epoch, drop] :
       {std::tuple("2.2", 45, 99), {"1.1", 30, 33}, {"0.7", 30, 21}, {"2.3", 10, 23}, {"0.7", 10, 7}}) {
    const TrainingLength length{1000, static_cast<uint64_t>(steps_per_epoch)};
    auto step = MakeSchedule(absl::StrCat("step { every_epochs: ", epochs, " gamma: 0.5 }"), length);
    auto milestone = MakeSchedule(absl::StrCat("multistep { milestone_epochs: ", epochs, " gamma: 0.5 }"), length);
    ASSERT_TRUE(step.ok() && milestone.ok());
    const auto first = static_cast<uint64_t>(drop);
    EXPECT_EQ((*step)->Factor(first - 1), 1) << epochs;
    EXPECT_EQ((*step)->Factor(first), 0.5) << epochs;
    EXPECT_EQ((*milestone)->Factor(first - 1), 1) << epochs;
    EXPECT_EQ((*milestone)->Factor(first), 0.5) << epochs;
  }
}

TEST(StepScheduleTest, ManyFractionsThatAddUpToAStepDropThere) {
  // Every 0.3 steps. In double the tenth drop is just beyond step 3, for 0.1 * 3 is.
  auto schedule = MakeSchedule("step { every_epochs: 0.1 gamma: 0.5 }", {1000, 3});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  for (uint64_t step = 3; step < 100; step += 3) {
    EXPECT_EQ((*schedule)->Factor(step), std::ldexp(1.0, -10 * static_cast<int>(step) / 3)) << step;
  }
}

TEST(StepScheduleTest, TinyIntervalsGiveZeroNotNonsense) {
  auto schedule = MakeSchedule("step { every_epochs: 1e-300 gamma: 0.9 }", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 1);
  EXPECT_EQ((*schedule)->Factor(1), 0);
}

TEST(ExponentialScheduleTest, IsConstantInsideAnEpoch) {
  auto schedule = MakeSchedule("exponential { gamma: 0.9 smooth: false }", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 1);
  EXPECT_EQ((*schedule)->Factor(9), 1);
  EXPECT_EQ((*schedule)->Factor(10), 0.9);
  EXPECT_NEAR((*schedule)->Factor(99), std::pow(0.9, 9), 1e-15);
}

TEST(ExponentialScheduleTest, SmoothDecaysEveryStepAndMeetsTheOtherAtEpochs) {
  auto schedule = MakeSchedule("exponential { gamma: 0.9 smooth: true }", kLength);
  auto stairs = MakeSchedule("exponential { gamma: 0.9 smooth: false }", kLength);
  ASSERT_TRUE(schedule.ok() && stairs.ok());
  for (uint64_t t = 0; t < 100; ++t) {
    EXPECT_NEAR((*schedule)->Factor(t), std::pow(0.9, static_cast<double>(t) / 10), 1e-15) << t;
  }
  for (uint64_t t = 0; t < 100; t += 10) EXPECT_EQ((*schedule)->Factor(t), (*stairs)->Factor(t)) << t;
}

TEST(CosineScheduleTest, IsTheHalfWaveOverTheWholeTraining) {
  auto schedule = MakeSchedule("cosine { min_factor: 0.1 }", kLength);
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 1);
  for (uint64_t t = 0; t < 100; ++t) {
    const double expected = 0.1 + 0.9 * (1 + std::cos(std::numbers::pi * static_cast<double>(t) / 100)) / 2;
    EXPECT_NEAR((*schedule)->Factor(t), expected, 1e-15) << t;
  }
}

TEST(CosineScheduleTest, KeepsItsDigitsNearTheEnd) {
  auto schedule = MakeSchedule("cosine { min_factor: 0 }", {1000000000, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  // (1 + cos(pi - x)) / 2 = sin(x / 2)^2, and x = 1e-9 pi.
  const double half = std::numbers::pi * 0.5e-9;
  EXPECT_NEAR((*schedule)->Factor(999999999) / (half * half), 1, 1e-6);
}

TEST(ScheduleTest, NoKindIsRefused) {
  auto schedule = MakeSchedule("", kLength);
  EXPECT_EQ(schedule.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(schedule.status().message()), testing::HasSubstr("kind"));
}

TEST(EpochsToStepsTest, RoundsToNearestAndGivesAtLeastOne) {
  EXPECT_EQ(EpochsToSteps(2, 10), 20u);
  EXPECT_EQ(EpochsToSteps(0.24, 10), 2u);
  EXPECT_EQ(EpochsToSteps(0.26, 10), 3u);
  EXPECT_EQ(EpochsToSteps(1e-9, 10), 1u);
  EXPECT_EQ(EpochsToSteps(1e300, 10), uint64_t{1} << 53);
}

}  // namespace
}  // namespace basin::contract
