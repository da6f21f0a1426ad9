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
  const CriticalPointTolerances tolerances;
  return JudgeCriticalPoint(
      gradient_norm,
      ExtremeEigenvalues(op, {.highest = 1, .lowest = 1, .max_steps = max_steps, .bound = -tolerances.curvature}),
      tolerances);
}

TEST(CriticalPointTest, WithoutNegativeCurvatureIsAMinimum) {
  EXPECT_EQ(Judge(1e-5, {3, 1, 0.5, 0, -1e-4}).kind, Kind::kMinimum);
}

TEST(CriticalPointTest, WithNegativeCurvatureIsASaddleWithItsIndex) {
  const CriticalPoint point = Judge(1e-5, {3, 1, -0.5, -2, -1e-4});
  EXPECT_EQ(point.kind, Kind::kSaddle);
  EXPECT_EQ(point.negative, 2);
  EXPECT_THAT(point.Sentence(), testing::StartsWith("saddle with 2 negative eigenvalues: gradient norm 1e-05, "
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
  const CriticalPoint undecided = Judge(1e-5, eigenvalues, 6);
  EXPECT_EQ(undecided.kind, Kind::kUndecided);
  EXPECT_FALSE(undecided.negative_settled);
  EXPECT_THAT(undecided.Sentence(), testing::StartsWith("undecided, for the lowest eigenvalue is not sure ("));
  // But negative curvature once seen stays so.
  for (double& value : eigenvalues) value -= 100;
  const CriticalPoint saddle = Judge(1e-5, eigenvalues, 6);
  EXPECT_EQ(saddle.kind, Kind::kSaddle);
  EXPECT_FALSE(saddle.negative_settled);
  EXPECT_THAT(saddle.Sentence(), testing::HasSubstr(" or more negative eigenvalues: "));
}

// As Hessians are: a few great eigenvalues, most near zero, and one below.
std::vector<double> ManyNearZeroAnd(double lowest) {
  std::vector<double> eigenvalues(300);
  for (size_t i = 0; i < eigenvalues.size(); ++i) eigenvalues[i] = 12 * std::exp(-0.08 * static_cast<double>(i));
  eigenvalues.back() = lowest;
  return eigenvalues;
}

TEST(CriticalPointTest, ASmallNegativeEigenvalueBehindManyNearZeroMakesNoMinimum) {
  for (int steps = 5; steps <= 300; ++steps) {
    const CriticalPoint point = Judge(1e-5, ManyNearZeroAnd(-0.0016), steps);
    EXPECT_NE(point.kind, Kind::kMinimum) << steps;
    EXPECT_FALSE(point.negative_settled && point.negative != 1) << steps;
  }
  EXPECT_EQ(Judge(1e-5, ManyNearZeroAnd(-0.0016), 300).kind, Kind::kSaddle);
}

TEST(CriticalPointTest, IsAMinimumWithoutAllStepsOnceTheLowEndStays) {
  EXPECT_EQ(Judge(1e-5, ManyNearZeroAnd(0), 200).kind, Kind::kMinimum);
}

TEST(CriticalPointTest, AnEigenvalueAtTheToleranceIsUndecided) {
  const CriticalPoint point = Judge(1e-5, {900, 3, 1, 0.5, -0.001});
  EXPECT_EQ(point.kind, Kind::kUndecided) << "products in float know it to 0.0009 alone";
  EXPECT_THAT(point.Sentence(),
              testing::StartsWith(
                  "undecided, for the lowest eigenvalue is not sure (-0.001 to within 0.0009 after 5 products): "));
}

TEST(CriticalPointTest, AGreatestEigenvalueThatMayBeCurvatureIsNoPlateau) {
  Spectrum spectrum{.highest = {{.value = 5e-4, .residual = 6e-4}},
                    .lowest = {{.value = 0, .residual = 1e-6}},
                    .below_settled = true};
  const CriticalPoint point = JudgeCriticalPoint(1e-5, spectrum, {});
  EXPECT_EQ(point.kind, Kind::kUndecided);
  EXPECT_THAT(point.Sentence(),
              testing::StartsWith("undecided, for the highest eigenvalue is not sure (0.0005 to within 0.0006 after "));
  spectrum.highest[0].residual = 4e-4;
  EXPECT_EQ(JudgeCriticalPoint(1e-5, spectrum, {}).kind, Kind::kPlateau);
}

}  // namespace
}  // namespace basin::worker::analysis
