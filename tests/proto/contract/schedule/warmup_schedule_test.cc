#include "gmock/gmock.h"
#include "tests/proto/contract/schedule/parse.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(WarmupScheduleTest, RampsThenFollowsTheWrappedScheduleFromItsBeginning) {
  auto schedule = MakeSchedule("warmup { steps: 20 then { cosine { min_factor: 0.1 } } }", {100, 10});
  auto rest = MakeSchedule("cosine { min_factor: 0.1 }", {80, 10});
  ASSERT_TRUE(schedule.ok() && rest.ok());
  for (uint64_t t = 0; t < 20; ++t) EXPECT_EQ((*schedule)->Factor(t), static_cast<double>(t + 1) / 20) << t;
  for (uint64_t t = 20; t < 100; ++t) EXPECT_EQ((*schedule)->Factor(t), (*rest)->Factor(t - 20)) << t;
}

TEST(WarmupScheduleTest, CountsEpochs) {
  auto schedule = MakeSchedule("warmup { epochs: 0.5 then { constant {} } }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_DOUBLE_EQ((*schedule)->Factor(0), 0.2);
  EXPECT_DOUBLE_EQ((*schedule)->Factor(3), 0.8);
  EXPECT_EQ((*schedule)->Factor(4), 1);
  EXPECT_EQ((*schedule)->Factor(5), 1);
}

TEST(WarmupScheduleTest, CyclesAreCountedFromTheTrainingsBeginning) {
  auto schedule = MakeSchedule(
      "warmup { steps: 5 then { sgdr { first_period_steps: 20 period_factor: 1 min_factor: 0 } } }", {60, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(25, 45));
  EXPECT_EQ((*schedule)->Factor(25), 1);
}

TEST(WarmupScheduleTest, MayFillTheWholeTraining) {
  auto schedule = MakeSchedule("warmup { steps: 100 then { cosine { min_factor: 0 } } }", {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(99), 1);
}

struct Fault {
  const char* spec;
  const char* path;
};

class WarmupFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(WarmupFaultTest, IsRefusedByItsPath) {
  auto schedule = MakeSchedule(GetParam().spec, {100, 10});
  EXPECT_EQ(schedule.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(schedule.status().message()), testing::StartsWith(std::string(GetParam().path) + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, WarmupFaultTest,
    testing::Values(
        Fault{"warmup { steps: 101 then { constant {} } }", "warmup.steps"},
        Fault{"warmup { epochs: 11 then { constant {} } }", "warmup.epochs"},
        Fault{"warmup { steps: 41 then { sgdr { first_period_epochs: 6 period_factor: 1 min_factor: 0 } } }",
              "warmup.then.sgdr.first_period_epochs"},
        Fault{"warmup { steps: 60 then { warmup { steps: 50 then { constant {} } } } }", "warmup.then.warmup.steps"},
        Fault{"warmup { steps: 100 then { sgdr { first_period_steps: 1 period_factor: 1 min_factor: 0 } } }",
              "warmup.then.sgdr.first_period_steps"},
        Fault{"warmup { steps: 10 }", "warmup.then.kind"}));

}  // namespace
}  // namespace basin::contract
