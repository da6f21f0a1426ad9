#include <algorithm>
#include <cmath>
#include <set>

#include "basin/v1/optimizer.pb.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/golden/recording.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/optim/optimizer.h"

namespace basin::golden {
namespace {

using worker::train::AlignedBuffer;
using worker::train::Optimizer;
using worker::train::ParameterRole;
using worker::train::ParameterTensor;

// A weight of six elements and a bias of two, as record_optimizers.py has them.
std::vector<ParameterTensor> WeightAndBias() {
  return {{.name = "w", .role = ParameterRole::kWeight, .offset = 0, .shape = {6}},
          {.name = "b", .role = ParameterRole::kBias, .offset = 6, .shape = {2}}};
}

// The parameters after each step. With SAM, the gradient at w is the given one + curvature * w.
std::vector<float> Trajectory(const v1::Optimizer& spec, const RecordedCase& given) {
  const std::vector<float> start = given.Floats("start"), gradients = given.Floats("gradients");
  const std::vector<float> curvature = given.Floats("curvature");
  const std::vector<double> rates = given.Numbers("rates");
  const size_t size = start.size();
  AlignedBuffer<float> params(size), gradient(size);
  std::ranges::copy(start, params.data());
  const auto set_gradient = [&](size_t step, const float* at) {
    for (size_t i = 0; i < size; ++i) {
      gradient[i] = gradients[step * size + i] + (spec.has_sam() ? curvature[i] * at[i] : 0);
    }
  };
  const auto optimizer = Optimizer::Create(spec, WeightAndBias());
  std::vector<float> trajectory;
  for (size_t t = 0; t < rates.size(); ++t) {
    optimizer->BeginStep(rates[t]);
    set_gradient(t, params.data());
    if (optimizer->needs_second_gradient()) {
      double squares = 0;
      for (const float g : gradient.span()) squares += static_cast<double>(g) * g;
      set_gradient(t, optimizer->SecondPoint(params.data(), gradient.data(), std::sqrt(squares), nullptr));
    }
    if (optimizer->needs_whole_gradient()) optimizer->SeeGradient(params.data(), gradient.data(), nullptr);
    optimizer->Update(params.data(), gradient.data(), 0, size);
    trajectory.insert(trajectory.end(), params.span().begin(), params.span().end());
  }
  return trajectory;
}

TEST(OptimizerGoldenTest, EveryStepOfEveryMethodHasTheReferencesParameters) {
  const std::vector<RecordedCase> cases = ReadRecording("optimizers.txt");
  std::set<v1::Optimizer::KindCase> kinds;
  for (size_t c = 1; c < cases.size(); ++c) {
    SCOPED_TRACE(cases[c].name());
    v1::Optimizer spec;
    cases[c].Parse("spec", &spec);
    contract::FillDefaults(&spec);
    kinds.insert(spec.kind_case());
    const std::vector<float> expected = cases[c].Floats("params"), actual = Trajectory(spec, cases[0]);
    ASSERT_EQ(actual.size(), expected.size());
    ASSERT_EQ(expected.size(), 50u * 8u);
    for (size_t i = 0; i < expected.size(); ++i) {
      // Relative, or absolute where a parameter passes through zero.
      ASSERT_NEAR(actual[i], expected[i], 1e-5 * std::max(std::fabs(expected[i]), 0.1f))
          << "step " << i / 8 << ", element " << i % 8;
    }
  }
  EXPECT_EQ(kinds.size(), static_cast<size_t>(v1::Optimizer::descriptor()->oneof_decl(0)->field_count()))
      << "a method has no recording";
}

}  // namespace
}  // namespace basin::golden
