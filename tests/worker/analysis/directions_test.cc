#include "worker/analysis/directions.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/analysis/trained_model.h"
#include "tests/worker/train/synthetic_images.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

using testing::HasSubstr;

TEST(RandomDirectionTest, HasEachFiltersNormAndLeavesTheRest) {
  const train::SyntheticImages images({8, 8, 2}, 3, 40, 10);
  const TrainedModel model("model { resnet { depth: 8 width: 4 } } batch_size: 20 epochs: 1 learning_rate: 0.1",
                           images.view());
  const std::vector<float> direction = RandomDirection(model.shape.parameters, model.at.params, 5, 0);
  int filters = 0;
  for (const train::ParameterTensor& tensor : model.shape.parameters) {
    for (int64_t f = 0; f < tensor.filters(); ++f) {
      double squares = 0, model_squares = 0;
      for (size_t i = static_cast<size_t>(f); i < tensor.size(); i += static_cast<size_t>(tensor.filters())) {
        squares += std::pow(static_cast<double>(direction[tensor.offset + i]), 2);
        model_squares += std::pow(static_cast<double>(model.at.params[tensor.offset + i]), 2);
      }
      if (tensor.role == train::ParameterRole::kWeight) {
        ++filters;
        EXPECT_NEAR(std::sqrt(squares), std::sqrt(model_squares), 1e-6) << tensor.name << " filter " << f;
      } else {
        EXPECT_EQ(squares, 0) << tensor.name;
      }
    }
  }
  EXPECT_GT(filters, 50);
}

TEST(RandomDirectionTest, DependsOnTheSeedAndTheNumber) {
  const std::vector<train::ParameterTensor> tensors = {
      {.name = "w", .role = train::ParameterRole::kWeight, .offset = 0, .shape = {5, 3}}};
  const std::vector<float> params(15, 1.0f);
  EXPECT_EQ(RandomDirection(tensors, params, 1, 0), RandomDirection(tensors, params, 1, 0));
  EXPECT_NE(RandomDirection(tensors, params, 1, 0), RandomDirection(tensors, params, 1, 1));
  EXPECT_NE(RandomDirection(tensors, params, 1, 0), RandomDirection(tensors, params, 2, 0));
}

TEST(CheckDirectionsTest, RefusesWhatSpansNoPlane) {
  const std::vector<float> a = {1, 2, 3}, b = {3, -1, 0.5f}, zero = {0, 0, 0}, opposite = {-2, -4, -6},
                           nearly = {1, 2, 3.00001f}, infinite = {1, INFINITY, 0};
  EXPECT_TRUE(CheckDirections(a, b).ok());
  EXPECT_TRUE(CheckDirections(a, {}).ok());
  EXPECT_THAT(CheckDirections(zero, {}).message(), HasSubstr("zero"));
  EXPECT_THAT(CheckDirections(a, zero).message(), HasSubstr("zero"));
  EXPECT_THAT(CheckDirections(a, a).message(), HasSubstr("parallel"));
  EXPECT_THAT(CheckDirections(a, opposite).message(), HasSubstr("the cosine between them is -1"));
  EXPECT_THAT(CheckDirections(a, nearly).message(), HasSubstr("parallel"));
  EXPECT_THAT(CheckDirections(a, infinite).message(), HasSubstr("not finite"));
}

}  // namespace
}  // namespace basin::worker::analysis
