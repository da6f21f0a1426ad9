#include <cmath>

#include "basin/v1/workload.pb.h"
#include "gtest/gtest.h"
#include "tests/golden/recording.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/optimizer.h"

namespace basin::golden {
namespace {

TEST(SgdGoldenTest, EveryStepOfEveryModeHasPyTorchsParameters) {
  const std::vector<RecordedCase> cases = ReadRecording("sgd.txt");
  ASSERT_EQ(cases.size(), 10u);
  const std::vector<float> start = cases[0].Floats("start");
  const std::vector<float> gradients = cases[0].Floats("gradients");
  const std::vector<double> rates = cases[0].Numbers("rates");
  const size_t size = start.size();
  ASSERT_EQ(rates.size(), 50u);
  ASSERT_EQ(gradients.size(), rates.size() * size);
  for (size_t mode = 1; mode < cases.size(); ++mode) {
    SCOPED_TRACE(cases[mode].name());
    v1::Optimizer spec;
    cases[mode].Parse("spec", spec.mutable_sgd());
    const std::vector<float> expected = cases[mode].Floats("params");
    ASSERT_EQ(expected.size(), gradients.size());
    worker::train::AlignedBuffer<float> params(size);
    worker::train::AlignedBuffer<float> gradient(size);
    std::copy(start.begin(), start.end(), params.data());
    const worker::train::ParameterTensor tensor{
        .name = "w", .role = worker::train::ParameterRole::kWeight, .offset = 0, .shape = {static_cast<int64_t>(size)}};
    spec.mutable_sgd()->set_decay_biases_and_norms(true);
    const auto optimizer = worker::train::Optimizer::Create(spec, {&tensor, 1});
    for (size_t t = 0; t < rates.size(); ++t) {
      std::copy_n(gradients.begin() + static_cast<std::ptrdiff_t>(t * size), size, gradient.data());
      optimizer->BeginStep(rates[t]);
      optimizer->Update(params.data(), gradient.data(), 0, size);
      for (size_t i = 0; i < size; ++i) {
        const float value = expected[t * size + i];
        // Relative, or absolute where a parameter passes through zero.
        EXPECT_NEAR(params[i], value, 1e-5 * std::fmax(std::fabs(value), 0.1f)) << "step " << t << ", element " << i;
      }
    }
  }
}

}  // namespace
}  // namespace basin::golden
