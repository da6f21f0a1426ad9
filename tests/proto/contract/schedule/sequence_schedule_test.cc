#include "gmock/gmock.h"
#include "tests/proto/contract/schedule/parse.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

TEST(SequenceScheduleTest, EachPartCountsFromItsOwnBeginningOverItsOwnLength) {
  auto schedule = MakeSchedule(
      "sequence { parts { schedule { cosine { min_factor: 0 } } epochs: 3 }"
      "           parts { schedule { linear { end_factor: 0.5 } } steps: 20 } parts { schedule { constant {} } } }",
      {100, 10});
  auto cosine = MakeSchedule("cosine { min_factor: 0 }", {30, 10});
  auto linear = MakeSchedule("linear { end_factor: 0.5 }", {20, 10});
  ASSERT_TRUE(schedule.ok() && cosine.ok() && linear.ok()) << schedule.status();
  for (uint64_t t = 0; t < 30; ++t) EXPECT_EQ((*schedule)->Factor(t), (*cosine)->Factor(t)) << t;
  for (uint64_t t = 30; t < 50; ++t) EXPECT_EQ((*schedule)->Factor(t), (*linear)->Factor(t - 30)) << t;
  for (uint64_t t = 50; t < 100; ++t) EXPECT_EQ((*schedule)->Factor(t), 1) << t;
}

TEST(SequenceScheduleTest, ThirdsOfAnEpochFillTheTrainingWithoutDrift) {
  auto schedule = MakeSchedule(
      "sequence { parts { schedule { constant {} } epochs: 0.3333333333333333 }"
      "           parts { schedule { linear { end_factor: 0 } } epochs: 0.3333333333333333 }"
      "           parts { schedule { constant {} } epochs: 0.3333333333333333 } }",
      {10, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(3), 1);
  EXPECT_EQ((*schedule)->Factor(4), 0.75);  // 4 steps in the middle: 3.33 and 6.67, to nearest, are 3 and 7.
  EXPECT_EQ((*schedule)->Factor(7), 1);
}

TEST(SequenceScheduleTest, CyclesOfTheParts) {
  auto schedule = MakeSchedule(
      "sequence { parts { schedule { constant {} } steps: 10 }"
      "           parts { schedule { sgdr { first_period_steps: 20 period_factor: 1 min_factor: 0 } } steps: 50 }"
      "           parts { schedule { cosine { min_factor: 0 } } } }",
      {100, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_THAT(CycleEnds(**schedule), ElementsAre(30, 50, 100));
}

TEST(InverseSqrtScheduleTest, RampsThenFallsWithTheRoot) {
  auto schedule = MakeSchedule("inverse_sqrt { warmup_steps: 25 }", {200, 10});
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_EQ((*schedule)->Factor(0), 0.04);
  EXPECT_EQ((*schedule)->Factor(24), 1);
  EXPECT_EQ((*schedule)->Factor(25), 1);
  EXPECT_EQ((*schedule)->Factor(100), 0.5);
}

struct Fault {
  const char* spec;
  const char* message;
};
class PathFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(PathFaultTest, NamesTheFieldAndTheUnit) {
  auto schedule = MakeSchedule(GetParam().spec, {100, 10});
  EXPECT_EQ(schedule.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(schedule.status().message()), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PathFaultTest,
    testing::Values(
        Fault{"sequence { parts { schedule { constant {} } } parts { schedule { constant {} } } }",
              "sequence.parts[0].epochs: only the last part"},
        Fault{"sequence { parts { schedule { constant {} } epochs: 10 } parts { schedule { constant {} } } }",
              "sequence.parts[1].schedule: gets no step"},
        Fault{"sequence { parts { schedule { constant {} } epochs: 6 } parts { schedule { constant {} } epochs: 5 } }",
              "sequence.parts[1].epochs: is longer than what the parts before it leave of the training, 4 epochs"},
        Fault{"sequence { parts { schedule { constant {} } epochs: 6 } parts { schedule { constant {} } steps: 30 } }",
              "sequence.parts[1].steps: leaves 10 steps of the training without a schedule"},
        Fault{"sequence { parts { schedule { warmup { steps: 31 then { constant {} } } } steps: 30 }"
              "           parts { schedule { constant {} } } }",
              "sequence.parts[0].schedule.warmup.steps: is longer than the training: 31 of 30 steps"},
        Fault{"multistep { gamma: 0.1 }", "multistep.milestone_epochs: give milestone_epochs or milestone_steps"},
        Fault{"multistep { milestone_epochs: 1 milestone_steps: 2 gamma: 0.1 }",
              "multistep.milestone_epochs: give milestone_epochs or milestone_steps"},
        Fault{"multistep { milestone_epochs: [3, 3] gamma: 0.1 }",
              "multistep.milestone_epochs[1]: must be above the milestone before it, 3"},
        Fault{"multistep { milestone_epochs: [3, 10] gamma: 0.1 }",
              "multistep.milestone_epochs[1]: must lie before the training's end, is 10 of 10 epochs"},
        Fault{"multistep { milestone_steps: 100 gamma: 0.1 }",
              "multistep.milestone_steps[0]: must lie before the training's end, is 100 of 100 steps"},
        Fault{"step { every_epochs: 10.5 gamma: 0.1 }",
              "step.every_epochs: is longer than the training: 10.5 of 10 epochs"},
        Fault{"inverse_sqrt { warmup_steps: 101 }",
              "inverse_sqrt.warmup_steps: is longer than the training: 101 of 100 steps"}));

}  // namespace
}  // namespace basin::contract
