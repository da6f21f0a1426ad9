#include "worker/train/initialization.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace basin::worker::train {
namespace {

NetworkShape ShapeWithHidden(uint32_t hidden) {
  v1::Model model;
  model.mutable_mlp()->add_hidden(hidden);
  return ShapeOf(model, 200, {}, 10).value();
}

struct Moments {
  double mean = 0, stddev = 0, greatest = 0;
};
Moments MomentsOf(std::span<const float> values) {
  Moments m;
  for (const float v : values) m.mean += v / static_cast<double>(values.size());
  for (const float v : values) m.stddev += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  m.stddev = std::sqrt(m.stddev);
  for (const float v : values) m.greatest = std::max(m.greatest, std::abs(static_cast<double>(v)));
  return m;
}

struct Case {
  v1::Initialization kind;
  double stddev;    // Of the first layer: 200 -> 300.
  double greatest;  // Limit of a uniform distribution, or 0.
};
class InitializationTest : public testing::TestWithParam<Case> {};

TEST_P(InitializationTest, WeightsHaveTheirDistribution) {
  const NetworkShape shape = ShapeWithHidden(300);
  std::vector<float> params(shape.parameter_count, 7.0f);
  Initialize(GetParam().kind, 3, shape, params);
  const Moments m = MomentsOf(std::span<const float>(params).first(shape.parameters[1].offset));
  EXPECT_NEAR(m.mean, 0, GetParam().stddev * 0.02);  // Five standard errors.
  EXPECT_NEAR(m.stddev, GetParam().stddev, GetParam().stddev * 0.02);
  if (GetParam().greatest > 0) {
    EXPECT_LE(m.greatest, GetParam().greatest * (1 + 1e-6));
    EXPECT_GT(m.greatest, GetParam().greatest * 0.99);
  }
}

TEST_P(InitializationTest, BiasesAreZeroExceptWithUniform) {
  const NetworkShape shape = ShapeWithHidden(300);
  std::vector<float> params(shape.parameter_count, 7.0f);
  Initialize(GetParam().kind, 3, shape, params);
  const Moments m = MomentsOf(std::span<const float>(params).subspan(shape.parameters[1].offset, 300));
  if (GetParam().kind == v1::INITIALIZATION_UNIFORM) {
    EXPECT_GT(m.stddev, 0.03);
    EXPECT_LE(m.greatest, GetParam().greatest * (1 + 1e-6));
  } else {
    EXPECT_EQ(m.greatest, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, InitializationTest,
    testing::Values(Case{v1::INITIALIZATION_HE, std::sqrt(2.0 / 200), 0},
                    Case{v1::INITIALIZATION_LECUN, std::sqrt(1.0 / 200), 0},
                    Case{v1::INITIALIZATION_GLOROT, std::sqrt(2.0 / 500), std::sqrt(6.0 / 500)},
                    Case{v1::INITIALIZATION_UNIFORM, 1 / std::sqrt(3.0 * 200), 1 / std::sqrt(200.0)}),
    [](const auto& test_case) { return v1::Initialization_Name(test_case.param.kind).substr(15); });

TEST(InitializationStreamTest, SeedsDifferAndRepeat) {
  const NetworkShape shape = ShapeWithHidden(5);
  std::vector<float> one(shape.parameter_count), again(one), other(one);
  Initialize(v1::INITIALIZATION_HE, 1, shape, one);
  Initialize(v1::INITIALIZATION_HE, 1, shape, again);
  Initialize(v1::INITIALIZATION_HE, 2, shape, other);
  EXPECT_EQ(one, again);
  EXPECT_NE(one, other);
}

TEST(InitializationStreamTest, ALayerDoesNotDependOnTheOneBefore) {
  v1::Model model;
  model.mutable_mlp()->add_hidden(4);
  const NetworkShape narrow = ShapeOf(model, 3, {}, 10).value(), wide = ShapeOf(model, 77, {}, 10).value();
  std::vector<float> a(narrow.parameter_count), b(wide.parameter_count);
  Initialize(v1::INITIALIZATION_HE, 1, narrow, a);
  Initialize(v1::INITIALIZATION_HE, 1, wide, b);
  EXPECT_TRUE(std::equal(a.begin() + static_cast<int64_t>(narrow.parameters[2].offset), a.end(),
                         b.begin() + static_cast<int64_t>(wide.parameters[2].offset)));
}

TEST(NetworkShapeTest, ParameterTensorsCoverTheFlatVectorInOrder) {
  v1::Model model;
  for (const uint32_t units : {20u, 30u}) model.mutable_mlp()->add_hidden(units);
  const NetworkShape shape = ShapeOf(model, 7, {}, 4).value();
  ASSERT_EQ(shape.parameters.size(), 6u);
  size_t place = 0;
  for (const ParameterTensor& tensor : shape.parameters) {
    EXPECT_EQ(tensor.offset, place) << tensor.name;
    place += tensor.size();
  }
  EXPECT_EQ(place, shape.parameter_count);
  const ParameterTensor& weight = shape.parameters[2];
  EXPECT_EQ(weight.name, "2.dense.weight");
  EXPECT_EQ(weight.role, ParameterRole::kWeight);
  EXPECT_EQ(weight.shape, (std::vector<int64_t>{20, 30}));
  EXPECT_EQ(weight.filters(), 30);
  EXPECT_EQ(weight.fan_in, 20);
  EXPECT_EQ(shape.parameters[5].name, "4.dense.bias");
  EXPECT_EQ(shape.parameters[5].role, ParameterRole::kBias);
}

}  // namespace
}  // namespace basin::worker::train
