#include "worker/train/trainer.h"

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/worker/train/synthetic_examples.h"

namespace basin::worker::train {
namespace {

v1::TrainWorkload Parse(const std::string& text) {
  v1::TrainWorkload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload));
  return workload;
}

// A small network; `settings`, in text format, on top of it.
v1::TrainWorkload Workload(const std::string& settings) {
  v1::TrainWorkload workload = Parse(
      R"(model { mlp { hidden: 16 activation: ACTIVATION_RELU } initialization: INITIALIZATION_HE }
         learning_rate: 0.05 optimizer { sgd { momentum: 0.9 } } schedule { constant {} })");
  workload.MergeFrom(Parse(settings));
  return workload;
}

class TrainerTest : public testing::Test {
 protected:
  std::unique_ptr<Trainer> Create(const std::string& settings) {
    auto trainer = Trainer::Create(Workload(settings), 3, data_.view(), nullptr);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }
  std::vector<EpochReport> Run(Trainer& trainer, Trainer::Outcome expected = Trainer::Outcome::kFinished) {
    std::vector<EpochReport> reports;
    EXPECT_EQ(trainer.Run([&](const EpochReport& report) { reports.push_back(report); }, nullptr), expected);
    return reports;
  }
  const SyntheticExamples data_{8, 4, {.train = 200, .validation = 60, .test = 40}};
};

TEST_F(TrainerTest, LearnsToSeparateClouds) {
  auto trainer = Create("batch_size: 16 epochs: 10");
  const std::vector<EpochReport> reports = Run(*trainer);
  ASSERT_EQ(reports.size(), 10u);
  EXPECT_LT(reports.back().train_loss, reports.front().train_loss / 3);
  EXPECT_GT(reports.back().validation_accuracy, 0.95);
  EXPECT_GT(reports.back().test_accuracy, 0.95);
  EXPECT_LT(reports.back().validation_loss, 0.3);
}

TEST_F(TrainerTest, ReportsAtTheEndOfEveryEpoch) {
  auto trainer = Create("batch_size: 16 epochs: 3");
  const std::vector<EpochReport> reports = Run(*trainer);
  ASSERT_EQ(reports.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(reports[i].step, 13 * (i + 1));
    EXPECT_EQ(reports[i].epoch, static_cast<double>(i + 1));
    EXPECT_EQ(reports[i].examples, 200 * (i + 1));
  }
}

TEST_F(TrainerTest, ReportsAtTheVeryEndWhenItIsInsideAnEpoch) {
  auto trainer = Create("batch_size: 16 steps: 20");
  const std::vector<EpochReport> reports = Run(*trainer);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[1].step, 20u);
  EXPECT_DOUBLE_EQ(reports[1].epoch, 20.0 / 13);
  EXPECT_EQ(reports[1].examples, 200u + 7 * 16);
}

TEST_F(TrainerTest, ALengthInExamplesIsRoundedUpToWholeBatches) {
  auto trainer = Create("batch_size: 16 examples: 210");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_EQ(reports.back().step, 14u);
  EXPECT_EQ(reports.back().examples, 216u);
}

TEST_F(TrainerTest, DropLastSkipsTheShortBatch) {
  auto trainer = Create("batch_size: 16 epochs: 2 drop_last: true");
  const std::vector<EpochReport> reports = Run(*trainer);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].step, 12u);
  EXPECT_EQ(reports[1].examples, 384u);
}

TEST_F(TrainerTest, BatchSizeOneMakesAnUpdateAnExample) {
  auto trainer = Create("batch_size: 1 epochs: 2 learning_rate: 0.005");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_EQ(reports[0].step, 200u);
  EXPECT_GT(reports[1].validation_accuracy, 0.9);
}

TEST_F(TrainerTest, FullIsTheWholeTrainingPart) {
  auto full = Create("batch_size: 4294967295 epochs: 30");
  auto number = Create("batch_size: 200 epochs: 30");
  const std::vector<EpochReport> reports = Run(*full);
  Run(*number);
  EXPECT_EQ(reports.back().step, 30u);
  EXPECT_LT(reports.back().train_loss, reports.front().train_loss / 3);
  EXPECT_THAT(full->params(), testing::ElementsAreArray(number->params()));
}

TEST_F(TrainerTest, TrainLossIsTheMeanOverTheEpochsExamples) {
  auto trainer = Create("batch_size: 150 epochs: 1");
  const double first = trainer->Step();
  const double second = trainer->Step();
  EXPECT_DOUBLE_EQ(trainer->Evaluate().train_loss, (150 * first + 50 * second) / 200);
}

TEST_F(TrainerTest, GradientNormIsTheLastBatchs) {
  auto trainer = Create("batch_size: 150 steps: 1");
  trainer->Step();
  double squares = 0;
  for (const float g : trainer->gradient()) squares += static_cast<double>(g) * g;
  EXPECT_GT(squares, 0);
  EXPECT_NEAR(trainer->Evaluate().gradient_norm, std::sqrt(squares), 1e-12);
}

TEST_F(TrainerTest, AccuracyIsAShareOfTheExamples) {
  auto trainer = Create("batch_size: 16 epochs: 1");
  const EpochReport report = Run(*trainer).back();
  EXPECT_NEAR(report.validation_accuracy * 60, std::round(report.validation_accuracy * 60), 1e-9);
  EXPECT_NEAR(report.test_accuracy * 40, std::round(report.test_accuracy * 40), 1e-9);
}

TEST_F(TrainerTest, TheRateFollowsTheSchedule) {
  auto trainer = Create("batch_size: 50 epochs: 3 schedule { exponential { gamma: 0.5 } }");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_DOUBLE_EQ(reports[0].learning_rate, 0.05);
  EXPECT_DOUBLE_EQ(reports[2].learning_rate, 0.0125);
}

TEST_F(TrainerTest, AStepDescendsAlongTheGradient) {
  auto trainer = Create("batch_size: 50 steps: 1 optimizer { sgd { momentum: 0 } }");
  const std::vector<float> before(trainer->params().begin(), trainer->params().end());
  trainer->Step();
  for (size_t i = 0; i < before.size(); ++i) {
    ASSERT_FLOAT_EQ(trainer->params()[i], std::fma(-0.05f, trainer->gradient()[i], before[i])) << i;
  }
}

TEST_F(TrainerTest, SeedsDifferAndRepeat) {
  const auto train = [&](uint64_t seed) {
    auto trainer = *Trainer::Create(Workload("batch_size: 16 epochs: 1"), seed, data_.view(), nullptr);
    Run(*trainer);
    return std::vector<float>(trainer->params().begin(), trainer->params().end());
  };
  EXPECT_EQ(train(1), train(1));
  EXPECT_NE(train(1), train(2));
}

TEST_F(TrainerTest, DivergenceEndsItWithTheStep) {
  auto trainer = Create("batch_size: 16 epochs: 50 learning_rate: 1e6");
  std::vector<EpochReport> reports = Run(*trainer, Trainer::Outcome::kDiverged);
  EXPECT_LT(trainer->step(), 100u);
  EXPECT_GT(trainer->step(), 0u);
}

TEST_F(TrainerTest, WeightsThatOverflowInTheLastStepAreADivergence) {
  auto trainer = Create("batch_size: 200 steps: 2 learning_rate: 1e6 optimizer { sgd { l2: 1e6 } }");
  const std::vector<EpochReport> reports = Run(*trainer, Trainer::Outcome::kDiverged);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_TRUE(std::isfinite(reports[1].train_loss));
  EXPECT_FALSE(std::isfinite(reports[1].validation_loss));
  EXPECT_EQ(trainer->step(), 2u);
}

TEST_F(TrainerTest, StopsBetweenSteps) {
  auto trainer = Create("batch_size: 16 epochs: 1000");
  std::atomic<bool> stop{false};
  int reports = 0;
  const auto outcome = trainer->Run([&](const EpochReport&) { stop = ++reports == 2; }, &stop);
  EXPECT_EQ(outcome, Trainer::Outcome::kStopped);
  EXPECT_EQ(reports, 2);
  EXPECT_EQ(trainer->step(), 26u);
}

TEST_F(TrainerTest, ABatchLargerThanTheTrainingPartIsRefused) {
  auto trainer = Trainer::Create(Workload("batch_size: 201 epochs: 1"), 3, data_.view(), nullptr);
  ASSERT_FALSE(trainer.ok());
  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(trainer.status().message()), testing::HasSubstr("train.batch_size"));
}

TEST_F(TrainerTest, AFaultOfTheScheduleNamesItsField) {
  auto trainer = Trainer::Create(Workload("batch_size: 16 epochs: 2 schedule { sgdr { first_period_epochs: 5 } }"), 3,
                                 data_.view(), nullptr);
  ASSERT_FALSE(trainer.ok());
  EXPECT_THAT(std::string(trainer.status().message()), testing::StartsWith("train.schedule.sgdr.first_period_epochs"));
}

}  // namespace
}  // namespace basin::worker::train
