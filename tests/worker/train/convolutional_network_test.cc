// Training of networks with layers of every kind: the same bits for any number of threads, learning, dropout, running
// statistics.

#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_images.h"
#include "worker/train/initialization.h"
#include "worker/train/trainer.h"

namespace basin::worker::train {
namespace {

v1::TrainWorkload WorkloadOf(const std::string& text) {
  v1::TrainWorkload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
  contract::FillDefaults(&workload);
  return workload;
}

struct Trained {
  std::vector<float> params, buffers;
  std::vector<double> values;
};

Trained Train(const std::string& text, const TrainingData& data, int threads, uint64_t seed = 17) {
  ThreadPool pool(threads);
  auto trainer = Trainer::Create(WorkloadOf(text), seed, data, &pool);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  Trained result;
  const auto outcome = (*trainer)->Run(
      [&](const EpochReport& r) {
        result.values.insert(result.values.end(), {r.train_loss, r.validation_loss, r.validation_accuracy, r.test_loss,
                                                   r.test_accuracy, r.gradient_norm});
      },
      nullptr);
  EXPECT_EQ(outcome, Trainer::Outcome::kFinished);
  result.params.assign((*trainer)->params().begin(), (*trainer)->params().end());
  result.buffers.assign((*trainer)->buffers().begin(), (*trainer)->buffers().end());
  return result;
}

struct Case {
  const char* name;
  const char* workload;
};

class ConvolutionalNetworkTest : public testing::TestWithParam<Case> {};

TEST_P(ConvolutionalNetworkTest, HasTheSameBitsForAnyNumberOfThreads) {
  const SyntheticImages images({13, 12, 3}, 5, 90, 37);
  const Trained one = Train(GetParam().workload, images.view(), 1);
  EXPECT_FALSE(one.values.empty());
  for (const int threads : {2, 3, 4}) {
    const Trained many = Train(GetParam().workload, images.view(), threads);
    EXPECT_EQ(one.values, many.values) << threads << " threads";
    EXPECT_EQ(one.params, many.params) << threads << " threads";
    EXPECT_EQ(one.buffers, many.buffers) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, ConvolutionalNetworkTest,
    testing::Values(
        Case{"ResNet", "model { resnet { depth: 8 width: 9 } } batch_size: 22 epochs: 2 learning_rate: 0.02"},
        Case{"VggWithDropout",
             "model { vgg { blocks: [1, 2] width: 17 batch_norm: false hidden: 40 dropout: 0.3 } } "
             "batch_size: 31 epochs: 2 learning_rate: 0.02"},
        Case{"GroupNormAndPools",
             "model { sequential { layers { conv2d { filters: 20 kernel: 5 stride: 2 } } layers { group_norm { groups: "
             "4 "
             "} } layers { gelu {} } layers { average_pool {} } layers { conv2d { filters: 33 kernel: 3 } } "
             "layers { tanh {} } layers { max_pool {} } } } batch_size: 16 epochs: 2 learning_rate: 0.02 "
             "loss { cross_entropy { label_smoothing: 0.1 } }"}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

TEST(ConvolutionalNetworkLearningTest, FindsAPatternWhereverItStands) {
  const SyntheticImages images({8, 8, 1}, 4, 600, 200);
  const Trained trained = Train(
      "model { sequential { layers { conv2d { filters: 16 kernel: 3 bias: false } } layers { batch_norm {} } "
      "layers { relu {} } layers { conv2d { filters: 16 kernel: 3 } } layers { relu {} } layers { max_pool { size: 8 } "
      "} "
      "} } batch_size: 32 epochs: 12 learning_rate: 0.05 optimizer { sgd { momentum: 0.9 } }",
      images.view(), 2);
  EXPECT_GT(trained.values[trained.values.size() - 2], 0.95) << "test accuracy";
}

constexpr char kDropout[] =
    "model { sequential { layers { dense { units: 64 } } layers { relu {} } layers { dropout { probability: 0.5 } } } "
    "} "
    "batch_size: 20 epochs: 2 learning_rate: 0.02";

TEST(DropoutTest, IsAFunctionOfTheSeed) {
  const SyntheticImages images({6, 6, 1}, 3, 60, 20);
  EXPECT_EQ(Train(kDropout, images.view(), 1).params, Train(kDropout, images.view(), 1).params);
  EXPECT_NE(Train(kDropout, images.view(), 1, 1).params, Train(kDropout, images.view(), 1, 2).params);
}

// With weights that make each logit a kept unit's value: dropout keeps the mean, and drops its share.
TEST(DropoutTest, DropsItsShareAndKeepsTheMeanInTrainingAlone) {
  v1::Model model;
  model.mutable_sequential()->add_layers()->mutable_dropout()->set_probability(0.25);
  contract::FillDefaults(&model);
  constexpr int64_t kFeatures = 1000;
  const Network<float> network(ShapeOf(model, kFeatures, {}, 2).value(), {.kind = Loss::Kind::kSquaredError});
  NetworkWorkspace<float> workspace(network, {.batch_rows = 1});
  // The first logit is the mean of what is kept; its loss tells it.
  std::vector<float> params(network.shape().parameter_count + 16, 0.0f), gradient(params.size());
  for (int64_t i = 0; i < kFeatures; ++i) params[static_cast<size_t>(2 * i)] = 1.0f / kFeatures;
  const std::vector<float> features(kFeatures + 16, 1.0f);
  const float* row = features.data();
  const int32_t label = 1;
  double total = 0;
  std::set<double> means;
  constexpr int kSteps = 200;
  for (uint64_t step = 0; step < kSteps; ++step) {
    const double loss = network.LossAndGradient(params.data(), nullptr, {&row, &label, 1, {.seed = 4, .step = step}},
                                                gradient.data(), workspace, nullptr, nullptr);
    const double mean = std::sqrt(2 * loss - 1);  // (mean^2 + (0 - 1)^2) / 2.
    const double kept = mean * kFeatures * 0.75;
    EXPECT_NEAR(kept, std::round(kept), 0.02);  // Each kept value counts 1 / 0.75.
    means.insert(mean);
    total += mean;
  }
  EXPECT_GT(means.size(), 20u);           // Each step draws numbers of its own.
  EXPECT_NEAR(total / kSteps, 1, 0.006);  // Five standard errors.
  EXPECT_NEAR(network.Evaluate(params.data(), nullptr, {&row, &label, 1}, workspace, nullptr).loss, 1, 1e-4);
}

// As PyTorch's update_bn: with weight 1 / k at batch k the running statistics are the mean over the batches.
TEST(BatchNormTest, UpdateBuffersAveragesOverBatches) {
  v1::Model model;
  model.mutable_sequential()->add_layers()->mutable_batch_norm();
  contract::FillDefaults(&model);
  const Network<double> network(ShapeOf(model, 2, {}, 3).value());
  NetworkWorkspace<double> workspace(network, {.batch_rows = 4, .threads = 1});
  std::vector<double> params(network.shape().parameter_count + 16, 1.0), buffers(4, 77.0);
  const std::vector<double> values = {1, 5, 3, 9, /**/ 2, 2, 4, 4, 9, 9};
  std::vector<double> padded(values);
  padded.resize(values.size() + 16);
  const double* rows[5];
  for (int i = 0; i < 5; ++i) rows[i] = padded.data() + 2 * i;
  const int32_t labels[5] = {};
  network.UpdateBuffers(params.data(), buffers.data(), {rows, labels, 2}, 1.0, workspace, nullptr);
  EXPECT_EQ(buffers, (std::vector<double>{2, 7, 2, 8}));  // Unbiased variances.
  network.UpdateBuffers(params.data(), buffers.data(), {rows + 2, labels, 3}, 0.5, workspace, nullptr);
  EXPECT_NEAR(buffers[0], 3.5, 1e-12);  // (2 + 5) / 2.
  EXPECT_NEAR(buffers[3], (8 + 13) / 2.0, 1e-12);
}

TEST(BatchNormTest, EvaluationDoesNotDependOnTheBatch) {
  const SyntheticImages images({6, 6, 1}, 3, 60, 20);
  ThreadPool pool(1);
  auto trainer = Trainer::Create(
      WorkloadOf("model { sequential { layers { conv2d { filters: 4 kernel: 3 } } layers { batch_norm {} } } } "
                 "batch_size: 20 epochs: 1 learning_rate: 0.02"),
      1, images.view(), &pool);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  (*trainer)->Run([](const EpochReport&) {}, nullptr);
  const Network<float> network((*trainer)->shape());
  NetworkWorkspace<float> workspace(network, {.batch_rows = 20, .threads = 1});
  const Examples& test = images.view().test;
  std::vector<const float*> rows;
  for (int64_t i = 0; i < test.count; ++i) rows.push_back(test.features + i * test.stride);
  const auto loss = [&](int64_t first, int64_t count) {
    return network
        .Evaluate((*trainer)->params().data(), (*trainer)->buffers().data(),
                  {rows.data() + first, test.labels + first, count}, workspace, nullptr)
        .loss;
  };
  EXPECT_NEAR(loss(0, 20), (loss(0, 1) + 19 * loss(1, 19)) / 20, 1e-6);
}

}  // namespace
}  // namespace basin::worker::train
