#include "worker/analysis/trajectory.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

// Along two given orthogonal directions.
std::vector<std::vector<float>> PathInAPlane(size_t size) {
  std::vector<float> a(size, 0.0f), b(size, 0.0f);
  for (size_t i = 0; i < size; ++i) (i % 2 == 0 ? a : b)[i] = i % 4 < 2 ? 1.0f : -1.0f;
  std::vector<std::vector<float>> path;
  const std::vector<float> start = NormalVector(size, 1, RandomVector::kNoise, 0);
  for (int t = 0; t < 9; ++t) path.push_back(Sum(Sum(start, 3.0 * t, a), std::sin(t), b));
  return path;
}

TEST(PrincipalDirectionsTest, SpanThePlaneOfThePath) {
  const std::vector<std::vector<float>> path = PathInAPlane(40);
  const auto plane = PrincipalDirections(path, 5);
  ASSERT_TRUE(plane.ok()) << plane.status();
  ASSERT_EQ(plane->directions.size(), 2u);  // There are no more.
  EXPECT_NEAR(plane->explained[0] + plane->explained[1], 1, 1e-6);
  EXPECT_GT(plane->explained[0], 0.99);
  EXPECT_NEAR(Norm(plane->directions[0]), 1, 1e-6);
  EXPECT_NEAR(Norm(plane->directions[1]), 1, 1e-5);
  EXPECT_NEAR(Dot(plane->directions[0], plane->directions[1]), 0, 1e-5);
}

TEST(PrincipalDirectionsTest, CoordinatesGiveTheWeightsBack) {
  const std::vector<std::vector<float>> path = PathInAPlane(40);
  const auto plane = PrincipalDirections(path, 2);
  ASSERT_TRUE(plane.ok());
  for (size_t t = 0; t < path.size(); ++t) {
    const std::vector<float> back = Sum(Sum(path.back(), plane->coordinates[t][0], plane->directions[0]),
                                        plane->coordinates[t][1], plane->directions[1]);
    EXPECT_LT(Norm(Difference(back, path[t])), 1e-4) << t;
  }
  EXPECT_NEAR(plane->coordinates.back()[0], 0, 1e-9);
}

TEST(PrincipalDirectionsTest, RefuseWeightsThatStandStill) {
  const std::vector<std::vector<float>> path(3, std::vector<float>(5, 1.0f));
  EXPECT_THAT(PrincipalDirections(path, 2).status().message(), testing::HasSubstr("do not move"));
}

}  // namespace
}  // namespace basin::worker::analysis
