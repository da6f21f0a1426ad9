#include "proto/contract/schedule/training_length.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace basin::contract {
namespace {

v1::TrainWorkload Workload(const std::string& text) {
  v1::TrainWorkload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
  return workload;
}

struct Case {
  const char* workload;
  uint64_t train_size;
  uint64_t total_steps;
  uint64_t steps_per_epoch;
};

class TrainingLengthTest : public testing::TestWithParam<Case> {};

TEST_P(TrainingLengthTest, CountsSteps) {
  const auto length = LengthOfTraining(Workload(GetParam().workload), GetParam().train_size);
  ASSERT_TRUE(length.ok()) << length.status();
  EXPECT_EQ(length->total_steps, GetParam().total_steps) << GetParam().workload;
  EXPECT_EQ(length->steps_per_epoch, GetParam().steps_per_epoch) << GetParam().workload;
}

INSTANTIATE_TEST_SUITE_P(Cases, TrainingLengthTest,
                         testing::Values(Case{"epochs: 3 batch_size: 32", 100, 12, 4},                 //
                                         Case{"epochs: 3 batch_size: 32 drop_last: true", 100, 9, 3},  //
                                         Case{"epochs: 3 batch_size: 25", 100, 12, 4},                 //
                                         Case{"epochs: 3 batch_size: 1", 100, 300, 100},               //
                                         Case{"epochs: 3 batch_size: 100", 100, 3, 1},                 //
                                         Case{"epochs: 3 batch_size: 4294967295", 100, 3, 1},  // The word `full`.
                                         Case{"epochs: 3 batch_size: 4294967295 drop_last: true", 100, 3, 1},  //
                                         Case{"steps: 17 batch_size: 32", 100, 17, 4},                         //
                                         Case{"examples: 1 batch_size: 32", 100, 1, 4},                        //
                                         Case{"examples: 32 batch_size: 32", 100, 1, 4},                       //
                                         Case{"examples: 33 batch_size: 32", 100, 2, 4},                       //
                                         Case{"examples: 100 batch_size: 32", 100, 4, 4},  // Its last batch has 4.
                                         Case{"examples: 101 batch_size: 32", 100, 5, 4},  //
                                         Case{"examples: 96 batch_size: 32 drop_last: true", 100, 3, 3},   //
                                         Case{"examples: 100 batch_size: 32 drop_last: true", 100, 4, 3},  //
                                         Case{"examples: 1000000000000000 batch_size: 1", 60000, 1000000000000000,
                                              60000}));

TEST(TrainingLengthTest, ABatchLargerThanTheTrainingPartIsRefusedByItsPath) {
  for (const uint64_t train_size : {uint64_t{99}, uint64_t{0}}) {
    const auto length = LengthOfTraining(Workload("epochs: 3 batch_size: 100"), train_size);
    EXPECT_EQ(length.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(length.status().message()), testing::StartsWith("train.batch_size: "));
  }
}

}  // namespace
}  // namespace basin::contract
