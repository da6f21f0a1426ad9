#include "worker/train/sgd_optimizer.h"

#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"

namespace basin::worker::train {
namespace {

constexpr size_t kCount = 45;  // Packets and a remainder.

// The formulas of basin.v1.Sgd, in double.
class Reference {
 public:
  Reference(const SgdOptimizer::Settings& settings, const std::vector<float>& params)
      : settings_(settings), params_(params.begin(), params.end()), velocity_(params.size()) {}
  void Step(const std::vector<float>& gradient, double rate) {
    for (size_t i = 0; i < params_.size(); ++i) {
      const double g = gradient[i] + settings_.l2 * params_[i];
      double direction = g;
      if (settings_.momentum != 0) {
        velocity_[i] = first_ ? g : settings_.momentum * velocity_[i] + (1 - settings_.dampening) * g;
        direction = settings_.nesterov ? g + settings_.momentum * velocity_[i] : velocity_[i];
      }
      params_[i] -= rate * direction;
    }
    first_ = false;
  }
  const std::vector<double>& params() const { return params_; }

 private:
  const SgdOptimizer::Settings settings_;
  std::vector<double> params_, velocity_;
  bool first_ = true;
};

std::vector<float> Random(uint64_t substream) {
  contract::RandomStream stream(5, contract::RandomPurpose::kSplit, substream);
  std::vector<float> values(kCount);
  for (float& value : values) value = static_cast<float>(stream.NextNormal());
  return values;
}

class SgdOptimizerTest : public testing::TestWithParam<SgdOptimizer::Settings> {};

TEST_P(SgdOptimizerTest, FollowsTheFormulasStepByStep) {
  std::vector<float> params = Random(0);
  Reference reference(GetParam(), params);
  SgdOptimizer optimizer(GetParam(), kCount);
  for (uint64_t t = 0; t < 20; ++t) {
    const std::vector<float> gradient = Random(t + 1);
    const double rate = 0.1 / static_cast<double>(t + 1);
    optimizer.Step(params, gradient, rate);
    reference.Step(gradient, rate);
    for (size_t i = 0; i < kCount; ++i) ASSERT_NEAR(params[i], reference.params()[i], 2e-6) << "step " << t;
  }
}

TEST_P(SgdOptimizerTest, AStepInRangesGivesTheSameBits) {
  std::vector<float> whole = Random(0), parts = whole;
  SgdOptimizer optimizer(GetParam(), kCount), optimizer_in_parts(GetParam(), kCount);
  for (uint64_t t = 0; t < 5; ++t) {
    const std::vector<float> gradient = Random(t + 1);
    optimizer.Step(whole, gradient, 0.1);
    for (const auto& [begin, end] : {std::pair{17, 45}, std::pair{3, 17}, std::pair{0, 3}}) {
      optimizer_in_parts.StepRange(parts.data(), gradient.data() + begin, begin, end, 0.1);
    }
    optimizer_in_parts.FinishStep();
    ASSERT_EQ(whole, parts) << "step " << t;
  }
}

using Settings = SgdOptimizer::Settings;
INSTANTIATE_TEST_SUITE_P(Settings, SgdOptimizerTest,
                         testing::Values(Settings{}, Settings{.l2 = 0.1}, Settings{.momentum = 0.9},
                                         Settings{.momentum = 0.9, .dampening = 0.3},
                                         Settings{.momentum = 0.9, .nesterov = true},
                                         Settings{.momentum = 0.9, .dampening = 0.5, .l2 = 0.01},
                                         Settings{.momentum = 0.7, .nesterov = true, .l2 = 0.01}));

TEST(SgdVelocityTest, StartsAsTheFirstGradientWithoutDampening) {
  SgdOptimizer optimizer({.momentum = 0.9, .dampening = 0.5}, 1);
  std::vector<float> params = {1};
  const std::vector<float> gradient = {2};
  optimizer.Step(params, gradient, 0.5);
  EXPECT_EQ(optimizer.velocity()[0], 2);
  EXPECT_EQ(params[0], 0);
  optimizer.Step(params, gradient, 0.5);
  EXPECT_FLOAT_EQ(optimizer.velocity()[0], 2.8f);
}

}  // namespace
}  // namespace basin::worker::train
