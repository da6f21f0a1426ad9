#include "worker/train/optim/optimizer.h"

#include <cmath>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/worker/train/optim/hills.h"
#include "tests/worker/train/optim/recorded_state.h"
#include "tests/worker/train/optim/specs.h"

namespace basin::worker::train {
namespace {

// One step with gradients given, in ranges that end at the given borders, in any order.
void Step(Optimizer& optimizer, std::vector<float>& params, const std::vector<float>& gradient, double rate,
          const std::vector<size_t>& borders = {}, ThreadPool* pool = nullptr) {
  optimizer.BeginStep(rate);
  if (optimizer.needs_whole_gradient()) optimizer.SeeGradient(params.data(), gradient.data(), pool);
  size_t end = params.size();
  for (size_t i = borders.size() + 1; i-- > 0;) {
    const size_t begin = i == 0 ? 0 : borders[i - 1];
    optimizer.Update(params.data(), gradient.data() + begin, begin, end);
    end = begin;
  }
}

class OptimizerTest : public testing::TestWithParam<OptimizerSpec> {
 protected:
  std::unique_ptr<Optimizer> Create() const { return Optimizer::Create(GetParam().Parse(), tensors_); }
  const std::vector<ParameterTensor> tensors_ = SomeTensors();
  const size_t count_ = tensors_.back().offset + tensors_.back().size();
};

INSTANTIATE_TEST_SUITE_P(All, OptimizerTest, testing::ValuesIn(AllOptimizers()), NameOf);

TEST_P(OptimizerTest, AStepInRangesGivesTheSameBits) {
  const auto whole = Create(), in_parts = Create();
  std::vector<float> params = Normals(count_, 0), parts = params;
  for (uint64_t t = 0; t < 3; ++t) {
    const std::vector<float> gradient = Normals(count_, t + 1);
    Step(*whole, params, gradient, 0.1);
    Step(*in_parts, parts, gradient, 0.1, {3, 17, 5001, 40032, 40033, 40166, 40300, 41000, count_ - 7});
    ASSERT_EQ(params, parts) << "step " << t;
  }
}

TEST_P(OptimizerTest, EveryElementMovesAndStaysFinite) {
  const auto optimizer = Create();
  std::vector<float> params = Normals(count_, 0);
  for (uint64_t t = 0; t < 5; ++t) {
    const std::vector<float> before = params;
    Step(*optimizer, params, Normals(count_, t + 1), 0.1);
    size_t unmoved = 0;
    for (size_t i = 0; i < count_; ++i) {
      ASSERT_TRUE(std::isfinite(params[i])) << i;
      unmoved += params[i] == before[i];
    }
    EXPECT_LT(unmoved, count_ / 100);
  }
}

TEST_P(OptimizerTest, AGradientOfZeroIsNoDivisionByZero) {
  const auto optimizer = Create();
  std::vector<float> params = Normals(count_, 0);
  const std::vector<float> zeros(count_);
  for (int t = 0; t < 3; ++t) Step(*optimizer, params, zeros, 0.1);
  for (const float value : params) ASSERT_TRUE(std::isfinite(value));
}

TEST_P(OptimizerTest, ANaNInTheGradientIsSeenInTheParameters) {
  const auto optimizer = Create();
  std::vector<float> params = Normals(count_, 0), gradient = Normals(count_, 1);
  Step(*optimizer, params, gradient, 0.1);
  gradient[20] = std::numeric_limits<float>::quiet_NaN();
  Step(*optimizer, params, gradient, 0.1);
  EXPECT_TRUE(std::isnan(params[20]));
}

TEST_P(OptimizerTest, GoesOnFromSavedStateBitByBit) {
  const auto straight = Create();
  std::vector<float> params = Normals(count_, 0), resumed;
  std::unique_ptr<Optimizer> fresh;
  for (uint64_t t = 0; t < 8; ++t) {
    const std::vector<float> gradient = Normals(count_, t + 1);
    if (t == 3) {
      RecordedState state;
      straight->VisitState(state);
      state.Restore();
      fresh = Create();
      fresh->VisitState(state);
      resumed = params;
    }
    Step(*straight, params, gradient, 0.1);
    if (fresh == nullptr) continue;
    Step(*fresh, resumed, gradient, 0.1);
    ASSERT_EQ(params, resumed) << "step " << t;
  }
}

TEST(OptimizerListTest, HasEveryMethodOfTheContract) {
  std::set<std::string> listed;
  const auto* oneof = v1::Optimizer::descriptor()->FindOneofByName("kind");
  for (const OptimizerSpec& spec : AllOptimizers()) {
    const v1::Optimizer message = spec.Parse();
    listed.insert(message.GetReflection()->GetOneofFieldDescriptor(message, oneof)->name());
  }
  for (int i = 0; i < oneof->field_count(); ++i) {
    EXPECT_TRUE(listed.count(oneof->field(i)->name())) << "specs.h has no " << oneof->field(i)->name();
  }
}

TEST(DecayTest, LeavesBiasesAndNormsOutWhenToldTo) {
  const std::vector<ParameterTensor> tensors = SomeTensors();
  const size_t count = tensors.back().offset + tensors.back().size();
  for (const char* text :
       {"sgd { l2: 0.5 decay_biases_and_norms: false }", "sgd { weight_decay: 0.5 decay_biases_and_norms: false }",
        "rmsprop { l2: 0.5 decay_biases_and_norms: false }", "adagrad { l2: 0.5 decay_biases_and_norms: false }",
        "adam { l2: 0.5 decay_biases_and_norms: false }", "adamw { weight_decay: 0.5 decay_biases_and_norms: false }",
        "lars { l2: 0.5 momentum: 0 decay_biases_and_norms: false }",
        "lamb { weight_decay: 0.5 decay_biases_and_norms: false }"}) {
    const auto optimizer = Optimizer::Create(OptimizerSpec{"", text, 0}.Parse(), tensors);
    const std::vector<float> before = Normals(count, 0);
    std::vector<float> params = before;
    Step(*optimizer, params, std::vector<float>(count), 0.1, {40100});
    for (const ParameterTensor& tensor : tensors) {
      const bool is_weight = tensor.role == ParameterRole::kWeight;
      for (size_t i = tensor.offset; i < tensor.offset + tensor.size(); ++i) {
        ASSERT_EQ(params[i] != before[i], is_weight) << text << ", " << i;
      }
    }
  }
}

TEST(SgdTest, StartsItsVelocityAsTheFirstGradientWithoutDampening) {
  const std::vector<ParameterTensor> tensors = {
      {.name = "w", .role = ParameterRole::kWeight, .offset = 0, .shape = {1}}};
  const auto optimizer =
      Optimizer::Create(OptimizerSpec{"", "sgd { momentum: 0.9 dampening: 0.5 }", 0}.Parse(), tensors);
  std::vector<float> params = {1};
  Step(*optimizer, params, {2}, 0.5);
  EXPECT_EQ(params[0], 0);
  Step(*optimizer, params, {2}, 0.5);
  EXPECT_FLOAT_EQ(params[0], -1.4f);  // The velocity is now 0.9 * 2 + 0.5 * 2.
}

TEST(AdamTest, CorrectsTheBiasOfItsFirstStep) {
  const std::vector<ParameterTensor> tensors = {
      {.name = "w", .role = ParameterRole::kWeight, .offset = 0, .shape = {2}}};
  const auto optimizer = Optimizer::Create(OptimizerSpec{"", "adam { }", 0}.Parse(), tensors);
  std::vector<float> params = {1, 1};
  Step(*optimizer, params, {1e-3f, -40}, 0.25);  // A step of the rate's size, whatever the gradient's.
  EXPECT_NEAR(params[0], 0.75f, 1e-5);
  EXPECT_NEAR(params[1], 1.25f, 1e-5);
}

TEST(RmspropTest, HasNoRootOfANegativeVarianceWhenGradientsHardlyDiffer) {
  const std::vector<ParameterTensor> tensors = {
      {.name = "w", .role = ParameterRole::kWeight, .offset = 0, .shape = {64}}};
  const auto optimizer =
      Optimizer::Create(OptimizerSpec{"", "rmsprop { centered: true alpha: 0.5 }", 0}.Parse(), tensors);
  std::vector<float> params(64, 1);
  const std::vector<float> gradient = Normals(64, 9);
  for (int t = 0; t < 200; ++t) Step(*optimizer, params, gradient, 1e-9);
  for (const float value : params) ASSERT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace basin::worker::train
