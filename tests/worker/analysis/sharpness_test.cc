#include "worker/analysis/sharpness.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/worker/analysis/trained_model.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/analysis/directions.h"
#include "worker/analysis/lanczos.h"

namespace basin::worker::analysis {
namespace {

class SharpnessTest : public testing::Test {
 protected:
  SharpnessTest()
      : examples_(6, 4, {.train = 200}, 1.5f),
        model_("model { mlp { hidden: 9 activation: ACTIVATION_TANH } } batch_size: 20 epochs: 20 learning_rate: 0.1",
               examples_.view()),
        network_(model_.shape, model_.loss),
        loss_(network_, model_.at.buffers, examples_.view().train, nullptr),
        params_(model_.at.params),
        value_(loss_.Value(params_)) {}

  const train::SyntheticExamples examples_;
  const TrainedModel model_;
  const train::Network<float> network_;
  LossFunction loss_;
  const std::vector<float> params_;
  const double value_;
};

// In a small box the loss is linear, and its maximum the sum of |g_i| times the half width.
TEST_F(SharpnessTest, EpsilonSharpnessReachesTheCornerOfASmallBox) {
  std::vector<float> gradient(params_.size());
  loss_.Gradient(params_, gradient);
  const double epsilon = 1e-4;
  double linear = 0;
  for (size_t i = 0; i < gradient.size(); ++i) {
    linear += std::abs(static_cast<double>(gradient[i])) * epsilon * (std::abs(static_cast<double>(params_[i])) + 1);
  }
  const double expected = 100 * linear / (1 + value_);
  EXPECT_NEAR(EpsilonSharpness(loss_, params_, epsilon, 5), expected, 0.1 * expected);
}

TEST_F(SharpnessTest, EpsilonSharpnessExceedsEveryRandomPlaceOfItsBox) {
  const double epsilon = 0.05;
  const double sharpness = EpsilonSharpness(loss_, params_, epsilon, 10);
  EXPECT_GT(sharpness, EpsilonSharpness(loss_, params_, epsilon / 4, 10));
  for (uint32_t k = 0; k < 50; ++k) {
    std::vector<float> at = SignVector(params_.size(), 1, RandomVector::kNoise, k);
    for (size_t i = 0; i < at.size(); ++i) {
      at[i] = params_[i] + at[i] * static_cast<float>(epsilon) * (std::abs(params_[i]) + 1);
    }
    EXPECT_LT(100 * (loss_.Value(at) - value_) / (1 + value_), sharpness);
  }
}

// To second order: rho |g| + rho^2 g H g / (2 |g|^2).
TEST_F(SharpnessTest, AscentSharpnessIsTheRiseAlongTheGradient) {
  std::vector<float> gradient(params_.size()), product(params_.size());
  loss_.Gradient(params_, gradient);
  loss_.HessianProduct(params_, gradient, product);
  const double norm = Norm(gradient), rho = 0.01;
  const double expected = rho * norm + rho * rho * Dot(gradient, product) / (2 * norm * norm);
  EXPECT_NEAR(AscentSharpness(loss_, params_, rho), expected, 0.03 * expected);
}

// For small noise: sigma^2 / 2 times the mean of d H d over the same directions.
TEST_F(SharpnessTest, AverageSharpnessIsTheMeanRise) {
  const double sigma = 0.02;
  const Estimate rise = AverageSharpness(loss_, model_.shape.parameters, params_, sigma, 200, 7);
  std::vector<double> expected;
  std::vector<float> product(params_.size()), gradient(params_.size());
  loss_.Gradient(params_, gradient);
  for (uint32_t k = 0; k < 200; ++k) {
    std::vector<float> direction = NormalVector(params_.size(), 7, RandomVector::kNoise, k);
    NormalizeFilters(model_.shape.parameters, params_, direction);
    loss_.HessianProduct(params_, direction, product);
    expected.push_back(sigma * Dot(gradient, direction) + sigma * sigma / 2 * Dot(direction, product));
  }
  EXPECT_NEAR(rise.mean, EstimateOf(expected).mean, 0.1 * rise.mean + 0.1 * rise.standard_error);
  EXPECT_NEAR(rise.standard_error, EstimateOf(expected).standard_error, 0.1 * rise.standard_error);
}

}  // namespace
}  // namespace basin::worker::analysis
