// The same trial gives the same bits for any number of threads.

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/train/trainer.h"

namespace basin::worker::train {
namespace {

struct Case {
  const char* name;
  int features, classes;
  int64_t train;
  const char* workload;
};

struct Trained {
  std::vector<float> params;
  std::vector<double> values;
};

Trained TrainWith(const Case& c, int threads) {
  v1::TrainWorkload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(c.workload, &workload));
  const SyntheticExamples data(c.features, c.classes, {.train = c.train, .validation = 133, .test = 71}, 2);
  ThreadPool pool(threads);
  auto trainer = Trainer::Create(workload, 17, data.view(), &pool);
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  Trained result;
  const auto outcome = (*trainer)->Run(
      [&](const EpochReport& r) {
        for (const auto& [name, value] : r.Metrics()) result.values.push_back(value);
      },
      nullptr);
  EXPECT_EQ(outcome, Trainer::Outcome::kFinished);
  result.params.assign((*trainer)->params().begin(), (*trainer)->params().end());
  return result;
}

class ThreadCountTest : public testing::TestWithParam<Case> {};

TEST_P(ThreadCountTest, DoesNotChangeABit) {
  const Trained one = TrainWith(GetParam(), 1);
  EXPECT_FALSE(one.values.empty());
  for (const int threads : {2, 3, 4}) {
    const Trained many = TrainWith(GetParam(), threads);
    EXPECT_EQ(one.values, many.values) << threads << " threads";
    EXPECT_EQ(one.params, many.params) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ThreadCountTest,
    testing::Values(
        Case{"Mnist", 784, 10, 500,
             R"(model { mlp { hidden: 128 activation: ACTIVATION_RELU } } batch_size: 32 epochs: 2 learning_rate: 0.01
                optimizer { sgd { momentum: 0.9 } } schedule { constant {} })"},
        Case{"OddSizes", 301, 7, 401,
             R"(model { mlp { hidden: 203 hidden: 91 activation: ACTIVATION_TANH } } batch_size: 37 epochs: 2
                learning_rate: 0.01 optimizer { sgd { momentum: 0.9 nesterov: true l2: 0.001 } }
                schedule { cosine { } })"},
        Case{"OneExample", 1009, 10, 40,
             R"(model { mlp { hidden: 407 activation: ACTIVATION_RELU } } batch_size: 1 epochs: 1 learning_rate: 0.001
                optimizer { sgd { } } schedule { constant {} })"},
        Case{"FullBatch", 130, 13, 1500,
             R"(model { mlp { hidden: 65 activation: ACTIVATION_RELU } } batch_size: 4294967295 epochs: 5
                learning_rate: 0.05 optimizer { sgd { momentum: 0.5 } } schedule { constant {} })"},
        Case{"SoftmaxRegression", 2000, 33, 300,
             R"(model { softmax_regression {} } batch_size: 50 epochs: 2 learning_rate: 0.01
                optimizer { sgd { momentum: 0.9 } } schedule { constant {} })"},
        Case{
            "Averages", 250, 10, 400,
            R"(model { sequential { layers { dense { units: 150 } } layers { batch_norm { momentum: 0.1 epsilon: 1e-5 } }
                                     layers { relu {} } } }
                batch_size: 40 epochs: 3 learning_rate: 0.01 optimizer { sgd { momentum: 0.9 } } schedule { constant {} }
                averaging { swa { start_fraction: 0.3 } ema { decay: 0.9 } ensemble { every_steps: 7 members: 3 } })"},
        Case{"MoreThreadsThanRows", 600, 10, 31,
             R"(model { mlp { hidden: 700 activation: ACTIVATION_RELU } } batch_size: 3 epochs: 2 learning_rate: 0.001
                optimizer { sgd { momentum: 0.9 } } schedule { constant {} })"}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

}  // namespace
}  // namespace basin::worker::train
