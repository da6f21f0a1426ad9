#include "worker/analysis/critical_point.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/analysis/matrices.h"

namespace basin::worker::analysis {
namespace {

using Kind = CriticalPoint::Kind;

CriticalPoint Judge(double gradient_norm, const std::vector<double>& eigenvalues, int max_steps = 50) {
  DenseOperator op(Diagonal(eigenvalues));
  return JudgeCriticalPoint(gradient_norm, ExtremeEigenvalues(op, {.highest = 1, .lowest = 1, .max_steps = max_steps}),
                            {});
}

TEST(CriticalPointTest, WithoutNegativeCurvatureIsAMinimum) {
  EXPECT_EQ(Judge(1e-5, {3, 1, 0.5, 0, -1e-4}).kind, Kind::kMinimum);
}

TEST(CriticalPointTest, WithNegativeCurvatureIsASaddleWithItsIndex) {
  const CriticalPoint point = Judge(1e-5, {3, 1, -0.5, -2, -1e-4});
  EXPECT_EQ(point.kind, Kind::kSaddle);
  EXPECT_EQ(point.negative, 2);
  EXPECT_THAT(point.Sentence(), testing::StartsWith("saddle with 2 or more negative eigenvalues: gradient norm 1e-05, "
                                                    "eigenvalues from -2 to 3"));
}

TEST(CriticalPointTest, WithoutCurvatureIsAPlateau) { EXPECT_EQ(Judge(1e-5, {1e-4, 0, -1e-4}).kind, Kind::kPlateau); }

TEST(CriticalPointTest, AGradientMakesItNone) {
  EXPECT_EQ(Judge(0.1, {3, 1, 0.5}).kind, Kind::kNotStationary);
  EXPECT_EQ(Judge(NAN, {3, 1, 0.5}).kind, Kind::kNotStationary);
}

TEST(CriticalPointTest, IsUndecidedUntilTheEndsHaveConverged) {
  std::vector<double> eigenvalues(200);
  for (size_t i = 0; i < eigenvalues.size(); ++i) eigenvalues[i] = 0.01 + static_cast<double>(i);
  EXPECT_EQ(Judge(1e-5, eigenvalues, 6).kind, Kind::kUndecided);
  // But negative curvature once seen stays so.
  for (double& value : eigenvalues) value -= 100;
  EXPECT_EQ(Judge(1e-5, eigenvalues, 6).kind, Kind::kSaddle);
}

}  // namespace
}  // namespace basin::worker::analysis
