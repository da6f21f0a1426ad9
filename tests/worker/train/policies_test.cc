// What ends a training, and what is averaged on its way, as the trainer does it.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/train/trainer.h"

namespace basin::worker::train {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class PoliciesTest : public testing::Test {
 protected:
  static v1::TrainWorkload Workload(const std::string& settings) {
    v1::TrainWorkload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "model { mlp { hidden: 16 } } optimizer { sgd { momentum: 0.9 } } batch_size: 20 learning_rate: 0.05 " +
            settings,
        &workload));
    return workload;
  }
  absl::StatusOr<std::unique_ptr<Trainer>> Make(const std::string& settings) const {
    v1::TrainWorkload workload = Workload(settings);
    contract::FillDefaults(&workload);
    return Trainer::Create(workload, 3, data_.view(), nullptr);
  }
  std::unique_ptr<Trainer> Create(const std::string& settings) const {
    auto trainer = Make(settings);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }
  static std::vector<EpochReport> Run(Trainer& trainer, Trainer::Outcome expected = Trainer::Outcome::kFinished) {
    std::vector<EpochReport> reports;
    EXPECT_EQ(trainer.Run([&](const EpochReport& report) { reports.push_back(report); }, nullptr), expected);
    return reports;
  }
  // Ten steps an epoch; clouds so near that a network overfits.
  const SyntheticExamples data_{8, 4, {.train = 200, .validation = 60, .test = 40}, 1};
};

TEST_F(PoliciesTest, EarlyStoppingEndsAfterItsPatienceWithTheBestWeights) {
  auto trainer = Create("epochs: 1000 stopping { early_stopping { patience: 7 } }");
  std::vector<EpochReport> reports = Run(*trainer);
  const EpochReport kept = reports.back();
  reports.pop_back();
  const auto best = std::ranges::min_element(reports, {}, &EpochReport::validation_loss);
  EXPECT_EQ(reports.end() - best, 8);
  EXPECT_EQ(kept.step, best->step);
  EXPECT_EQ(kept.validation_loss, best->validation_loss);
  EXPECT_EQ(kept.train_loss, best->train_loss);
  EXPECT_THAT(trainer->ending(),
              StartsWith("early stopping: val_loss was best after step " + std::to_string(best->step)));

  // The weights are those of a training that ended there.
  auto shorter = Create("steps: " + std::to_string(best->step));
  Run(*shorter);
  EXPECT_TRUE(std::ranges::equal(trainer->params(), shorter->params()));
}

TEST_F(PoliciesTest, TheLastMetricsOfAveragesAreThoseOfTheBestEvaluation) {
  auto trainer = Create(
      "epochs: 1000 stopping { early_stopping { metric: 'ema_val_loss' patience: 7 } target { metric: 'val_accuracy' "
      "value: 2 } } averaging { ema { decay: 0.9 } swa { start_epochs: 3 } ensemble { every_epochs: 2 } }");
  std::vector<EpochReport> reports = Run(*trainer);
  const EpochReport kept = reports.back();
  reports.pop_back();
  const auto value = [](const EpochReport& report) { return report.Metric("ema_val_loss"); };
  const EpochReport& best = *std::ranges::min_element(reports, {}, value);
  ASSERT_LT(best.step, reports.back().step);
  EXPECT_EQ(kept.step, best.step);
  for (const char* metric : {"ema_val_loss", "ema_test_accuracy", "swa_val_loss", "ensemble_test_loss"}) {
    EXPECT_EQ(kept.Metric(metric), best.Metric(metric)) << metric;
  }
  for (const auto& [name, unused] : kept.Metrics()) EXPECT_THAT(std::string(name), Not(HasSubstr("to_target")));
}

TEST_F(PoliciesTest, WithoutKeptWeightsTheLastOnesStay) {
  auto trainer = Create("epochs: 1000 stopping { early_stopping { patience: 2 keep_best_weights: false } }");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_EQ(reports.back().step, trainer->step());
  auto shorter = Create("steps: " + std::to_string(trainer->step()));
  Run(*shorter);
  EXPECT_TRUE(std::ranges::equal(trainer->params(), shorter->params()));
}

TEST_F(PoliciesTest, TheTargetEndsItAndNamesTheExamples) {
  auto trainer = Create("epochs: 100 stopping { target { metric: 'train_loss' value: 0.5 } }");
  double now = 0;
  trainer->set_clock([&now] { return now += 1; });
  const std::vector<EpochReport> reports = Run(*trainer);
  ASSERT_GT(reports.size(), 1u);
  EXPECT_LE(reports.back().train_loss, 0.5);
  EXPECT_GT(reports[reports.size() - 2].train_loss, 0.5);
  EXPECT_EQ(reports.back().Metric("examples_to_target"), 200.0 * static_cast<double>(reports.size()));
  EXPECT_TRUE(std::isfinite(reports.back().Metric("seconds_to_target")));
  EXPECT_TRUE(std::isinf(reports[0].Metric("examples_to_target")));
  EXPECT_THAT(trainer->ending(), StartsWith("target: train_loss was reached"));
}

TEST_F(PoliciesTest, ALimitOfTimeIsReplayedByItsStep) {
  auto trainer = Create("epochs: 100 stopping { seconds: 13.5 }");
  double now = 0;
  trainer->set_clock([&now] { return now += 1; });
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_EQ(trainer->step(), 14u);
  EXPECT_EQ(reports.back().step, 14u);
  EXPECT_EQ(trainer->ending(), "time is up; ended after step 14");

  auto replay = Create("epochs: 100 stopping { seconds: 13.5 }");
  replay->set_last_step(14);
  EXPECT_EQ(Run(*replay).back().validation_loss, reports.back().validation_loss);
  EXPECT_TRUE(std::ranges::equal(trainer->params(), replay->params()));
}

TEST_F(PoliciesTest, ALossAboveTheBoundIsADivergence) {
  auto trainer = Create("epochs: 5 stopping { diverge_above: 1e-3 }");
  EXPECT_EQ(Run(*trainer, Trainer::Outcome::kDiverged).size(), 1u);
  EXPECT_EQ(trainer->step(), 10u);
}

TEST_F(PoliciesTest, APlateauLowersTheRateAndEndsBelowItsBound) {
  auto trainer = Create("epochs: 1000 schedule { plateau { patience: 1 factor: 0.1 stop_below: 0.005 } }");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_LT(reports.size(), 1000u);
  EXPECT_DOUBLE_EQ(reports.front().learning_rate, 0.05);
  EXPECT_DOUBLE_EQ(reports.back().learning_rate, 0.0005);
  EXPECT_THAT(trainer->ending(), HasSubstr("plateau"));
}

TEST_F(PoliciesTest, APlateauAfterAWarmupCountsFromItsEnd) {
  auto trainer = Create(
      "epochs: 4 schedule { warmup { epochs: 2 then { plateau { metric: 'learning_rate' patience: 0 factor: 0.5 } } } "
      "}");
  const std::vector<EpochReport> reports = Run(*trainer);
  // The rate as its own metric is lowest, and so best, in the plateau's first evaluation; then it does not fall.
  EXPECT_DOUBLE_EQ(reports[1].learning_rate, 0.05);
  EXPECT_DOUBLE_EQ(reports[2].learning_rate, 0.05);
  EXPECT_DOUBLE_EQ(reports[3].learning_rate, 0.05);
}

TEST_F(PoliciesTest, SwaIsTheMeanOfTheWeightsAtEachInterval) {
  auto trainer = Create("steps: 40 averaging { swa { start_steps: 20 every_steps: 10 } }");
  std::vector<double> sum;
  while (trainer->step() < 40) {
    trainer->Step();
    if (trainer->step() != 30 && trainer->step() != 40) continue;
    sum.resize(trainer->params().size());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += trainer->params()[i];
  }
  const std::vector<Averaging::Average> averages = trainer->Averages();
  ASSERT_EQ(averages.size(), 1u);
  EXPECT_EQ(averages[0].name, "swa");
  for (size_t i = 0; i < sum.size(); ++i) EXPECT_EQ(averages[0].params[i], static_cast<float>(sum[i] / 2)) << i;
}

TEST_F(PoliciesTest, AveragesAreThoseOfTheLastWeightsUntilTheyBegin) {
  auto trainer = Create("epochs: 4 averaging { swa { start_epochs: 2 } ema { decay: 0.9 } }");
  const std::vector<EpochReport> reports = Run(*trainer);
  for (const size_t before : {0, 1}) EXPECT_EQ(reports[before].Metric("swa_val_loss"), reports[before].validation_loss);
  // After one vector the mean is that vector, and after two it is not.
  EXPECT_EQ(reports[2].Metric("swa_test_loss"), reports[2].test_loss);
  EXPECT_NE(reports[3].Metric("swa_val_loss"), reports[3].validation_loss);
  EXPECT_NE(reports[0].Metric("ema_val_loss"), reports[0].validation_loss);
  EXPECT_LT(reports[3].Metric("ema_val_loss"), reports[0].Metric("ema_val_loss"));
}

TEST_F(PoliciesTest, AnEmaCorrectsTheBiasOfItsFirstSteps) {
  auto trainer = Create("steps: 1 averaging { ema { decay: 0.999 } }");
  trainer->Step();
  const std::vector<Averaging::Average> averages = trainer->Averages();
  for (size_t i = 0; i < trainer->params().size(); ++i) {
    EXPECT_NEAR(averages[0].params[i], trainer->params()[i], 1e-6 * std::fabs(trainer->params()[i]));
  }
}

// The examples with equal labels one after another, as files often have them.
class SortedTraining {
 public:
  explicit SortedTraining(const TrainingData& data)
      : rows_(static_cast<size_t>(data.train.count * data.train.stride)), view_(data) {
    std::vector<int64_t> order(static_cast<size_t>(data.train.count));
    std::iota(order.begin(), order.end(), int64_t{0});
    std::ranges::stable_sort(order, {}, [&](int64_t i) { return data.train.labels[i]; });
    for (size_t i = 0; i < order.size(); ++i) {
      std::copy_n(data.train.features + order[i] * data.train.stride, data.train.stride,
                  rows_.data() + static_cast<int64_t>(i) * data.train.stride);
      labels_.push_back(data.train.labels[order[i]]);
    }
    view_.train.features = rows_.data();
    view_.train.labels = labels_.data();
  }
  const TrainingData& view() const { return view_; }

 private:
  AlignedBuffer<float> rows_;
  std::vector<int32_t> labels_;
  TrainingData view_;
};

TEST_F(PoliciesTest, TheBatchNormsOfAnAverageDoNotDependOnTheOrderOfTheExamples) {
  constexpr int kFeatures = 8;
  // The classes lie far from each other. A last example alone, twice, and a last batch of 81.
  const SyntheticExamples data(kFeatures, 4, {.train = 181, .validation = 60, .test = 40}, 6);
  const SortedTraining sorted(data.view());
  for (const char* batch : {"batch_size: 4 drop_last: true ", "batch_size: 20 drop_last: true ", "batch_size: 100 "}) {
    v1::TrainWorkload workload;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
        std::string("model { sequential { layers { batch_norm {} } } } epochs: 1 learning_rate: 0.01 "
                    "averaging { ema {} } ") +
            batch,
        &workload));
    contract::FillDefaults(&workload);
    auto trainer = Trainer::Create(workload, 3, sorted.view(), nullptr);
    ASSERT_TRUE(trainer.ok()) << trainer.status();
    const std::span<const float> buffers = (*trainer)->BuffersOfAverage((*trainer)->params());
    ASSERT_EQ(buffers.size(), 2u * kFeatures);
    for (int f = 0; f < kFeatures; ++f) {
      const Examples& train = sorted.view().train;
      double sum = 0, squares = 0;
      for (int64_t i = 0; i < train.count; ++i) {
        const double value = train.features[i * train.stride + f];
        sum += value, squares += value * value;
      }
      const auto count = static_cast<double>(train.count);
      const double mean = sum / count, variance = (squares - sum * mean) / (count - 1);
      EXPECT_NEAR(buffers[static_cast<size_t>(f)], mean, 0.05) << batch << f;
      EXPECT_NEAR(buffers[static_cast<size_t>(kFeatures + f)], variance, 0.2 * variance) << batch << f;
    }
  }
}

TEST_F(PoliciesTest, AnEnsembleHasTheNewestNetworksAtTheEndsOfCycles) {
  auto trainer = Create("steps: 40 schedule { sgdr { first_period_steps: 10 } } averaging { ensemble { members: 2 } }");
  std::vector<std::vector<float>> taken;
  while (trainer->step() < 40) {
    trainer->Step();
    if (trainer->step() == 30 || trainer->step() == 40) {
      taken.emplace_back(trainer->params().begin(), trainer->params().end());
    }
  }
  const std::vector<Averaging::Average> members = trainer->Averages();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].name, "ensemble.0");
  EXPECT_EQ(members[1].name, "ensemble.1");
  for (const size_t k : {0, 1}) EXPECT_TRUE(std::ranges::equal(members[k].params, taken[k])) << k;
}

TEST_F(PoliciesTest, AnEnsembleIsMeasuredAsTheLastWeightsUntilItHasMembers) {
  auto trainer = Create("epochs: 5 averaging { ensemble { every_epochs: 2 } }");
  const std::vector<EpochReport> reports = Run(*trainer);
  EXPECT_EQ(reports[0].Metric("ensemble_val_loss"), reports[0].validation_loss);
  EXPECT_EQ(reports[0].Metric("ensemble_test_accuracy"), reports[0].test_accuracy);
  // One network's mean is its own prediction, and stays until there is another.
  EXPECT_NEAR(reports[1].Metric("ensemble_val_loss"), reports[1].validation_loss, 1e-12);
  EXPECT_EQ(reports[1].Metric("ensemble_test_accuracy"), reports[1].test_accuracy);
  EXPECT_EQ(reports[2].Metric("ensemble_val_loss"), reports[1].Metric("ensemble_val_loss"));
  EXPECT_NE(reports[3].Metric("ensemble_val_loss"), reports[2].Metric("ensemble_val_loss"));
  // -log is convex: the mean of probabilities loses less than the mean of the losses.
  EXPECT_LT(reports[3].Metric("ensemble_val_loss"), (reports[1].validation_loss + reports[3].validation_loss) / 2);
}

struct Fault {
  const char* settings;
  const char* message;
};
class PolicyFaultTest : public PoliciesTest, public testing::WithParamInterface<Fault> {};

TEST_P(PolicyFaultTest, NamesTheField) {
  const auto trainer = Make(GetParam().settings);
  EXPECT_EQ(trainer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(trainer.status().message()), StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, PolicyFaultTest,
    testing::Values(
        Fault{"epochs: 3 averaging { swa { start_epochs: 4 } }",
              "train.averaging.swa.start_epochs: is longer than the training: 4 of 3 epochs"},
        Fault{"epochs: 3 averaging { swa { start_epochs: 3 } }",
              "train.averaging.swa.start_epochs: must lie before the training's end"},
        Fault{"epochs: 3 averaging { swa { start_epochs: 2 every_epochs: 1.5 } }",
              "train.averaging.swa.every_epochs: is longer than what follows the start"},
        Fault{"epochs: 3 averaging { swa { at_cycle_ends {} } }",
              "train.averaging.swa.at_cycle_ends: no cycle of the schedule ends"},
        Fault{"epochs: 3 averaging { ensemble {} }",
              "train.averaging.ensemble.at_cycle_ends: no cycle of the schedule ends in the training"},
        Fault{"epochs: 3 averaging { ensemble { every_epochs: 4 } }",
              "train.averaging.ensemble.every_epochs: is longer than the training: 4 of 3 epochs"},
        Fault{"epochs: 3 averaging { ensemble { every_steps: 31 } }",
              "train.averaging.ensemble.every_steps: is longer than the training: 31 of 30 steps"},
        Fault{"epochs: 3 schedule { swa { factor: 0.5 } }", "train.schedule.swa: needs averaging.swa"},
        Fault{"epochs: 3 averaging { swa {} } schedule { warmup { steps: 1 then { swa { factor: 0.5 } } } }",
              "train.schedule.warmup.then.swa: must be the outermost schedule"},
        Fault{"epochs: 3 averaging { swa {} } schedule { swa { factor: 0.5 cycle_epochs: 1 end_factor: 0.1 } }",
              "train.schedule.swa.cycle_epochs: is longer than the training"},
        Fault{"epochs: 3 schedule { plateau { min_factor: 0.1 stop_below: 0.1 } }",
              "train.schedule.plateau.stop_below: must be above min_factor"}));

}  // namespace
}  // namespace basin::worker::train
