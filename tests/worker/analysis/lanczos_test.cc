#include "worker/analysis/lanczos.h"

#include <cmath>
#include <vector>

#include "Eigen/Eigenvalues"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "tests/worker/analysis/matrices.h"

namespace basin::worker::analysis {
namespace {

Eigen::MatrixXd RandomSymmetric(int size) {
  contract::RandomStream stream(3, contract::RandomPurpose::kSplit, 0);
  Eigen::MatrixXd matrix(size, size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j <= i; ++j) matrix(i, j) = matrix(j, i) = stream.NextNormal();
  }
  return matrix;
}

TEST(LanczosTest, FindsTheEigenvaluesAtBothEnds) {
  const Eigen::MatrixXd matrix = RandomSymmetric(150);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> expected(matrix);
  DenseOperator op(matrix);
  const Spectrum spectrum = ExtremeEigenvalues(op, {.highest = 5, .lowest = 3, .max_steps = 150});
  ASSERT_TRUE(spectrum.converged);
  EXPECT_LT(spectrum.steps, 150);
  EXPECT_EQ(spectrum.steps, op.products);
  ASSERT_EQ(spectrum.highest.size(), 5u);
  ASSERT_EQ(spectrum.lowest.size(), 3u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(spectrum.highest[i].value, expected.eigenvalues()(149 - static_cast<int>(i)), 1e-4);
  }
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(spectrum.lowest[i].value, expected.eigenvalues()(static_cast<int>(i)), 1e-4);
  }
}

TEST(LanczosTest, ThereIsAnEigenvalueWithinEachResidual) {
  const Eigen::MatrixXd matrix = RandomSymmetric(120);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> expected(matrix);
  for (const int steps : {30, 60, 120}) {
    DenseOperator op(matrix);
    const Spectrum spectrum =
        ExtremeEigenvalues(op, {.highest = 6, .lowest = 6, .max_steps = steps, .tolerance = 1e-6});
    for (const auto& found : {spectrum.highest, spectrum.lowest}) {
      for (const Eigenvalue& eigenvalue : found) {
        const double nearest = (expected.eigenvalues().array() - eigenvalue.value).abs().minCoeff();
        EXPECT_LE(nearest, eigenvalue.residual) << steps;
      }
    }
  }
}

TEST(LanczosTest, SaysWhenItHasNotConverged) {
  DenseOperator op(RandomSymmetric(150));
  const Spectrum spectrum = ExtremeEigenvalues(op, {.highest = 5, .lowest = 5, .max_steps = 20});
  EXPECT_FALSE(spectrum.converged);
  EXPECT_EQ(spectrum.steps, 20);
  EXPECT_FALSE(spectrum.highest.back().converged);
  EXPECT_GT(spectrum.highest.back().residual, 0.1);
}

TEST(LanczosTest, FindsMultipleEigenvaluesAsOftenAsTheyOccur) {
  DenseOperator op(Diagonal({7, 7, 7, 2, 1, 1, 0, 0, 0, -3, -3}));
  const Spectrum spectrum = ExtremeEigenvalues(op, {.highest = 4, .lowest = 3, .max_steps = 50, .bound = -1});
  ASSERT_TRUE(spectrum.converged);
  EXPECT_LE(spectrum.steps, 11);
  const auto values = [](const std::vector<Eigenvalue>& found) {
    std::vector<double> numbers;
    for (const Eigenvalue& eigenvalue : found) numbers.push_back(eigenvalue.value);
    return numbers;
  };
  using testing::DoubleNear;
  EXPECT_THAT(values(spectrum.highest),
              testing::ElementsAre(DoubleNear(7, 1e-5), DoubleNear(7, 1e-5), DoubleNear(7, 1e-5), DoubleNear(2, 1e-5)));
  EXPECT_THAT(values(spectrum.lowest),
              testing::ElementsAre(DoubleNear(-3, 1e-5), DoubleNear(-3, 1e-5), DoubleNear(0, 1e-5)));
  EXPECT_EQ(spectrum.below, 2);
  EXPECT_TRUE(spectrum.below_settled);
}

TEST(LanczosTest, AMatrixOfZerosHasNothingElse) {
  DenseOperator op(Eigen::MatrixXd::Zero(20, 20));
  const Spectrum spectrum = ExtremeEigenvalues(op, {.highest = 2, .lowest = 2, .max_steps = 20});
  EXPECT_TRUE(spectrum.converged);
  EXPECT_EQ(spectrum.highest.front().value, 0);
  EXPECT_EQ(spectrum.lowest.front().value, 0);
}

TEST(LanczosTest, AMatrixSmallerThanWhatIsWantedShowsAllOfIt) {
  DenseOperator op(Diagonal({4, -1}));
  const Spectrum spectrum = ExtremeEigenvalues(op, {.highest = 5, .lowest = 5, .max_steps = 20});
  EXPECT_TRUE(spectrum.converged);
  ASSERT_EQ(spectrum.highest.size(), 2u);
  EXPECT_NEAR(spectrum.highest[1].value, -1, 1e-5);
}

TEST(LanczosTest, AMatrixThatIsNotFiniteDoesNotConverge) {
  DenseOperator op(Diagonal({1, NAN, 2, 3}));
  EXPECT_FALSE(ExtremeEigenvalues(op, {.highest = 1, .lowest = 1, .max_steps = 4}).converged);
}

}  // namespace
}  // namespace basin::worker::analysis
