// Trainers with every optimizer, and with the settings that say what a step's gradient is.

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/worker/train/optim/specs.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/train/trainer.h"

namespace basin::worker::train {
namespace {

v1::TrainWorkload Workload(const std::string& settings) {
  v1::TrainWorkload workload, changes;
  EXPECT_TRUE(
      google::protobuf::TextFormat::ParseFromString("model { mlp { hidden: 24 } } learning_rate: 0.05", &workload));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(settings, &changes)) << settings;
  workload.MergeFrom(changes);
  contract::FillDefaults(&workload);
  return workload;
}

class TrainingTest : public testing::Test {
 protected:
  std::unique_ptr<Trainer> Create(const v1::TrainWorkload& workload, ThreadPool* pool = nullptr) {
    auto trainer = Trainer::Create(workload, 3, data_.view(), pool);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }
  std::vector<EpochReport> Run(Trainer& trainer) {
    std::vector<EpochReport> reports;
    EXPECT_EQ(trainer.Run([&](const EpochReport& report) { reports.push_back(report); }, nullptr),
              Trainer::Outcome::kFinished);
    return reports;
  }
  static std::vector<float> ParamsOf(const Trainer& trainer) {
    return {trainer.params().begin(), trainer.params().end()};
  }
  const SyntheticExamples data_{20, 5, {.train = 301, .validation = 100, .test = 100}};
};

class EveryOptimizerTrainingTest : public TrainingTest, public testing::WithParamInterface<OptimizerSpec> {
 protected:
  v1::TrainWorkload With(const std::string& settings) const {
    v1::TrainWorkload workload = Workload(settings);
    *workload.mutable_optimizer() = GetParam().Parse();
    workload.set_learning_rate(GetParam().rate);
    return workload;
  }
};

INSTANTIATE_TEST_SUITE_P(All, EveryOptimizerTrainingTest, testing::ValuesIn(AllOptimizers()), NameOf);

TEST_P(EveryOptimizerTrainingTest, LearnsToSeparateClouds) {
  auto trainer = Create(With("batch_size: 16 epochs: 30 schedule { cosine { } }"));
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_LT(reports.back().train_loss, reports.front().train_loss / 2);
  EXPECT_GT(reports.back().validation_accuracy, 0.9);
  EXPECT_GT(reports.back().test_accuracy, 0.9);
}

TEST_P(EveryOptimizerTrainingTest, HasTheSameBitsForAnyNumberOfThreads) {
  const v1::TrainWorkload workload =
      With("batch_size: 150 accumulate: 3 epochs: 2 model { mlp { hidden: 200 hidden: 100 } }");
  auto one = Create(workload);
  const double loss = Run(*one).back().test_loss;
  for (const int threads : {2, 3, 4}) {
    ThreadPool pool(threads);
    auto many = Create(workload, &pool);
    EXPECT_EQ(Run(*many).back().test_loss, loss) << threads << " threads";
    ASSERT_EQ(ParamsOf(*many), ParamsOf(*one)) << threads << " threads";
  }
}

TEST_F(TrainingTest, AccumulationGivesTheWholeBatchsStepButForRounding) {
  auto whole = Create(Workload("batch_size: 60 epochs: 4"));
  auto parts = Create(Workload("batch_size: 60 accumulate: 4 epochs: 4"));
  const std::vector<EpochReport> expected = Run(*whole), reports = Run(*parts);
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].step, expected[i].step);
    EXPECT_EQ(reports[i].examples, expected[i].examples);
    EXPECT_NEAR(reports[i].train_loss, expected[i].train_loss, 1e-5);
    EXPECT_NEAR(reports[i].gradient_norm, expected[i].gradient_norm, 1e-5);
  }
  EXPECT_NE(ParamsOf(*parts), ParamsOf(*whole));
  for (size_t i = 0; i < whole->params().size(); ++i) ASSERT_NEAR(parts->params()[i], whole->params()[i], 1e-5) << i;
}

TEST_F(TrainingTest, AFullBatchAccumulatesToo) {
  auto whole = Create(Workload("batch_size: 4294967295 epochs: 4"));
  auto parts = Create(Workload("batch_size: 4294967295 accumulate: 7 epochs: 4"));
  EXPECT_NEAR(Run(*parts).back().test_loss, Run(*whole).back().test_loss, 1e-5);
  EXPECT_EQ(parts->step(), 4u);
}

TEST_F(TrainingTest, MicroBatchesOfMoreThanAChunkAreSummedToo) {
  const SyntheticExamples many(20, 5, {.train = 1800, .validation = 100, .test = 100});
  const auto train = [&](const std::string& settings) {
    auto trainer = Trainer::Create(Workload("epochs: 2 batch_size: 1800 " + settings), 3, many.view(), nullptr);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return Run(**trainer).back().test_loss;
  };
  EXPECT_NEAR(train("accumulate: 3"), train(""), 1e-5);
}

TEST_F(TrainingTest, MoreMicroBatchesThanExamplesAreRefused) {
  const auto trainer =
      Trainer::Create(Workload("batch_size: 4294967295 accumulate: 302 epochs: 1"), 3, data_.view(), nullptr);
  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(trainer.status().message().substr(0, 17), "train.accumulate:");
}

TEST_F(TrainingTest, TheRateGrowsWithTheBatchWhereAsked) {
  const auto rate = [this](const std::string& settings) {
    auto trainer = Create(Workload("epochs: 1 " + settings));
    return Run(*trainer).back().learning_rate;
  };
  EXPECT_DOUBLE_EQ(rate("batch_size: 64"), 0.05);
  EXPECT_DOUBLE_EQ(rate("batch_size: 64 learning_rate_scaling { none { } }"), 0.05);
  EXPECT_DOUBLE_EQ(rate("batch_size: 64 learning_rate_scaling { linear { base_batch_size: 32 } }"), 0.1);
  EXPECT_DOUBLE_EQ(rate("batch_size: 64 learning_rate_scaling { square_root { base_batch_size: 16 } }"), 0.1);
  EXPECT_DOUBLE_EQ(rate("batch_size: 4294967295 learning_rate_scaling { linear { base_batch_size: 301 } }"), 0.05);
}

TEST_F(TrainingTest, SamplingWithReplacementLearns) {
  auto trainer = Create(Workload("batch_size: 16 epochs: 30 sampling: SAMPLING_WITH_REPLACEMENT"));
  auto other = Create(Workload("batch_size: 16 epochs: 30"));
  EXPECT_GT(Run(*trainer).back().validation_accuracy, 0.9);
  Run(*other);
  EXPECT_EQ(trainer->step(), other->step());
  EXPECT_NE(ParamsOf(*trainer), ParamsOf(*other));
}

}  // namespace
}  // namespace basin::worker::train
