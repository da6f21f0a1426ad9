#include "worker/analysis/gradient_noise.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/analysis/trained_model.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

class GradientNoiseTest : public testing::Test {
 protected:
  GradientNoiseTest()
      : examples_(6, 4, {.train = 400}, 1.5f),
        model_("model { mlp { hidden: 9 } } batch_size: 20 epochs: 2 learning_rate: 0.02", examples_.view()),
        network_(model_.shape, model_.loss),
        loss_(network_, model_.at.buffers, examples_.view().train, nullptr) {}

  const train::SyntheticExamples examples_;
  const TrainedModel model_;
  const train::Network<float> network_;
  LossFunction loss_;
};

// With batches of one the estimates are the sample variance of an example's gradient, and what follows from it.
TEST_F(GradientNoiseTest, OfSingleExamplesIsTheirSampleVariance) {
  const size_t size = loss_.size();
  std::vector<std::vector<float>> gradients(400, std::vector<float>(size));
  std::vector<double> mean(size);
  for (uint32_t i = 0; i < 400; ++i) {
    std::vector<float>& gradient = gradients[i];
    loss_.GradientOfBatch(model_.at.params, {&i, 1}, gradient);
    for (size_t p = 0; p < size; ++p) mean[p] += static_cast<double>(gradient[p]) / 400;
  }
  double variance = 0, squared_norm = 0;
  for (size_t p = 0; p < size; ++p) {
    squared_norm += mean[p] * mean[p];
    for (const auto& gradient : gradients) {
      const double distance = static_cast<double>(gradient[p]) - mean[p];
      variance += distance * distance / 399;
    }
  }
  const auto noise = MeasureGradientNoise(loss_, model_.at.params, 1, 7);
  ASSERT_TRUE(noise.ok()) << noise.status();
  EXPECT_EQ(noise->batches, 400);
  EXPECT_NEAR(noise->trace, variance, 1e-5 * variance);
  EXPECT_NEAR(noise->squared_norm, squared_norm - variance / 400, 1e-5 * squared_norm);
  EXPECT_NEAR(noise->scale, noise->trace / noise->squared_norm, 1e-9 * noise->scale);
}

TEST_F(GradientNoiseTest, DoesNotDependOnTheBatchSizeButForChance) {
  const auto ones = MeasureGradientNoise(loss_, model_.at.params, 1, 7);
  const auto fives = MeasureGradientNoise(loss_, model_.at.params, 5, 7);
  ASSERT_TRUE(ones.ok() && fives.ok());
  EXPECT_NEAR(fives->trace, ones->trace, 0.3 * ones->trace);
}

TEST_F(GradientNoiseTest, TakesTwoBatches) {
  EXPECT_TRUE(MeasureGradientNoise(loss_, model_.at.params, 200, 7).ok());
  EXPECT_THAT(MeasureGradientNoise(loss_, model_.at.params, 201, 7).status().message(),
              testing::HasSubstr("400 examples are too few for batches of 201"));
}

}  // namespace
}  // namespace basin::worker::analysis
