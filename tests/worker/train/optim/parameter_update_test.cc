#include "worker/train/optim/parameter_update.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/worker/train/optim/hills.h"
#include "tests/worker/train/optim/specs.h"

namespace basin::worker::train {
namespace {

v1::TrainWorkload Workload(const std::string& text) {
  v1::TrainWorkload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
  contract::FillDefaults(&workload);
  return workload;
}

double NormOf(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

class ParameterUpdateTest : public testing::Test {
 protected:
  // Parameters after `steps` steps at rate 0.1.
  std::vector<float> Descend(const v1::TrainWorkload& workload, int steps, ThreadPool* pool = nullptr) {
    ParameterUpdate update(workload.optimizer(), workload.clip(), tensors_, pool);
    std::vector<float> params = start_;
    for (int t = 0; t < steps; ++t) {
      Hills hills(Normals(count_, static_cast<uint64_t>(t) + 1));
      update.Step(hills, params, 0.1, t % 2 == 1);
    }
    return params;
  }
  std::vector<float> Difference(const std::vector<float>& params) const {
    std::vector<float> difference(count_);
    for (size_t i = 0; i < count_; ++i) difference[i] = (start_[i] - params[i]) / 0.1f;
    return difference;
  }

  const std::vector<ParameterTensor> tensors_ = SomeTensors();
  const size_t count_ = tensors_.back().offset + tensors_.back().size();
  const std::vector<float> start_ = Normals(count_, 0);
};

class EveryOptimizerUpdateTest : public ParameterUpdateTest, public testing::WithParamInterface<OptimizerSpec> {
 protected:
  v1::TrainWorkload With(const std::string& settings) const {
    v1::TrainWorkload workload = Workload(settings);
    *workload.mutable_optimizer() = GetParam().Parse();
    return workload;
  }
};

INSTANTIATE_TEST_SUITE_P(All, EveryOptimizerUpdateTest, testing::ValuesIn(AllOptimizers()), NameOf);

TEST_P(EveryOptimizerUpdateTest, HasTheSameBitsForAnyNumberOfThreads) {
  for (const char* clip : {"", "clip { norm: 1 }", "clip { value: 0.5 }"}) {
    const std::vector<float> one = Descend(With(clip), 3);
    for (const int threads : {2, 3, 4}) {
      ThreadPool pool(threads);
      ASSERT_EQ(Descend(With(clip), 3, &pool), one) << threads << " threads, " << clip;
    }
  }
}

TEST_P(EveryOptimizerUpdateTest, HasTheSameBitsPieceByPieceAndAfterTheWholeGradient) {
  EXPECT_EQ(Descend(With("clip { value: 1e30 }"), 3), Descend(With(""), 3));
  EXPECT_EQ(Descend(With("clip { norm: 1e30 }"), 3), Descend(With(""), 3));
}

TEST_F(ParameterUpdateTest, ReturnsTheLossAndTheNormBeforeTheStep) {
  for (const char* settings : {"", "clip { norm: 0.1 }", "optimizer { lars { } }", "optimizer { sam { } }"}) {
    const v1::TrainWorkload workload = Workload(settings);
    ParameterUpdate update(workload.optimizer(), workload.clip(), tensors_, nullptr);
    Hills hills(Normals(count_, 1)), same(Normals(count_, 1));
    std::vector<float> params = start_, gradient(count_);
    const double loss = same.LossAndGradient(params.data(), true, gradient.data(), nullptr);
    EXPECT_EQ(update.Step(hills, params, 0.1, true), loss) << settings;
    EXPECT_NEAR(update.gradient_norm(), NormOf(gradient), 1e-9 * NormOf(gradient)) << settings;
  }
}

TEST_F(ParameterUpdateTest, ALongGradientIsShortenedToTheNorm) {
  const std::vector<float> step = Difference(Descend(Workload("clip { norm: 7 }"), 1));
  EXPECT_NEAR(NormOf(step), 7, 1e-3);
  Hills hills(Normals(count_, 1));
  std::vector<float> gradient(count_);
  hills.LossAndGradient(start_.data(), true, gradient.data(), nullptr);
  const double ratio = 7 / NormOf(gradient);
  for (size_t i = 0; i < count_; i += 97) EXPECT_NEAR(step[i], ratio * gradient[i], 1e-5);
}

TEST_F(ParameterUpdateTest, EachElementIsBroughtIntoTheBounds) {
  const std::vector<float> step = Difference(Descend(Workload("clip { value: 0.25 }"), 1));
  Hills hills(Normals(count_, 1));
  std::vector<float> gradient(count_);
  hills.LossAndGradient(start_.data(), true, gradient.data(), nullptr);
  for (size_t i = 0; i < count_; ++i) ASSERT_NEAR(step[i], std::clamp(gradient[i], -0.25f, 0.25f), 1e-5) << i;
}

TEST_F(ParameterUpdateTest, AClippedNaNStaysOne) {
  std::vector<float> slopes = Normals(count_, 1);
  slopes[5] = std::nanf("");
  for (const char* settings : {"clip { value: 1 }", "clip { norm: 1 }"}) {
    const v1::TrainWorkload workload = Workload(settings);
    ParameterUpdate update(workload.optimizer(), workload.clip(), tensors_, nullptr);
    Hills hills(slopes);
    std::vector<float> params = start_;
    update.Step(hills, params, 0.1, false);
    EXPECT_TRUE(std::isnan(params[5])) << settings;
  }
}

TEST_F(ParameterUpdateTest, SamStepsFromHereWithTheGradientUphill) {
  const v1::TrainWorkload workload = Workload("optimizer { sam { rho: 20 } }");
  ParameterUpdate update(workload.optimizer(), workload.clip(), tensors_, nullptr);
  Hills hills(Normals(count_, 1));
  std::vector<float> params = start_, gradient(count_), uphill(count_);
  hills.LossAndGradient(params.data(), true, gradient.data(), nullptr);
  const auto scale = static_cast<float>(20 / NormOf(gradient));
  for (size_t i = 0; i < count_; ++i) uphill[i] = start_[i] + scale * gradient[i];
  std::vector<float> there(count_);
  hills.LossAndGradient(uphill.data(), true, there.data(), nullptr);
  hills.calls = 0;
  update.Step(hills, params, 0.1, false);
  EXPECT_EQ(hills.calls, 2);
  for (size_t i = 0; i < count_; ++i) ASSERT_NEAR(params[i], start_[i] - 0.1f * there[i], 1e-6) << i;
}

TEST_F(ParameterUpdateTest, ALayerwiseRateFollowsTheTensorsNorms) {
  const std::vector<float> step =
      Difference(Descend(Workload("optimizer { lars { momentum: 0 trust_coefficient: 0.5 } }"), 1));
  for (const ParameterTensor& tensor : tensors_) {
    const auto part = [&](const std::vector<float>& all) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
      return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(tensor.size()));
    };
    EXPECT_NEAR(NormOf(part(step)) / NormOf(part(start_)), 0.5, 1e-4) << tensor.name;
  }
}

}  // namespace
}  // namespace basin::worker::train
