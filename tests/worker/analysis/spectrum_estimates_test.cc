// What is estimated of a spectrum with random vectors: trace and density.

#include <cmath>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "tests/worker/analysis/matrices.h"
#include "worker/analysis/spectral_density.h"
#include "worker/analysis/trace.h"

namespace basin::worker::analysis {
namespace {

std::vector<double> SomeEigenvalues(size_t count) {
  std::vector<double> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i % 7) - 1.5;
  return values;
}

// A random rotation of a diagonal matrix.
Eigen::MatrixXd Rotated(const std::vector<double>& values) {
  contract::RandomStream stream(5, contract::RandomPurpose::kSplit, 0);
  Eigen::MatrixXd matrix = Diagonal(values);
  const auto size = matrix.rows();
  for (int k = 0; k < 3; ++k) {
    Eigen::VectorXd normal(size);
    for (Eigen::Index i = 0; i < size; ++i) normal(i) = stream.NextNormal();
    const Eigen::MatrixXd mirror =
        Eigen::MatrixXd::Identity(size, size) - 2 * normal * normal.transpose() / normal.squaredNorm();
    matrix = mirror * matrix * mirror;
  }
  return matrix;
}

TEST(HutchinsonTraceTest, IsExactForADiagonalMatrix) {
  const std::vector<double> values = SomeEigenvalues(40);
  DenseOperator op(Diagonal(values));
  const Estimate trace = HutchinsonTrace(op, 2, 1);
  EXPECT_NEAR(trace.mean, std::accumulate(values.begin(), values.end(), 0.0), 1e-5);
  EXPECT_NEAR(trace.standard_error, 0, 1e-6);
  EXPECT_EQ(op.products, 2);
}

TEST(HutchinsonTraceTest, LiesWithinItsStandardErrors) {
  const std::vector<double> values = SomeEigenvalues(70);
  const double expected = std::accumulate(values.begin(), values.end(), 0.0);
  DenseOperator op(Rotated(values));
  double last = 0;
  for (const int probes : {20, 500}) {
    const Estimate trace = HutchinsonTrace(op, probes, 1);
    EXPECT_NEAR(trace.mean, expected, 3 * trace.standard_error) << probes;
    EXPECT_GT(trace.standard_error, 0);
    if (last != 0) {
      EXPECT_NEAR(trace.standard_error, last * std::sqrt(20.0 / 500), last * 0.1);
    }
    last = trace.standard_error;
  }
}

TEST(SpectralQuadratureTest, PutsItsMassWhereTheEigenvaluesAre) {
  DenseOperator op(Rotated(SomeEigenvalues(140)));  // Seven values, each twenty times.
  const std::vector<SpectralMass> masses = SpectralQuadrature(op, 30, 7, 1);
  double total = 0;
  std::vector<double> shares(7);
  for (const SpectralMass& mass : masses) {
    const double nearest = std::round(mass.value + 1.5);
    EXPECT_NEAR(mass.value + 1.5, nearest, 1e-3);
    shares[static_cast<size_t>(nearest)] += mass.weight;
    total += mass.weight;
  }
  EXPECT_NEAR(total, 1, 1e-12);
  for (const double share : shares) EXPECT_NEAR(share, 1.0 / 7, 0.025);  // Five standard errors.
}

TEST(SpectralQuadratureTest, EndsWhereNothingIsLeft) {
  DenseOperator op(Eigen::MatrixXd::Identity(9, 9) * 3);
  const std::vector<SpectralMass> masses = SpectralQuadrature(op, 2, 5, 1);
  EXPECT_EQ(op.products, 2);
  ASSERT_EQ(masses.size(), 2u);
  EXPECT_NEAR(masses[0].value, 3, 1e-6);
}

TEST(SmoothedDensityTest, IntegratesToOneAndPeaksAtTheMasses) {
  const std::vector<SpectralMass> masses = {{-1, 0.25}, {2, 0.75}};
  std::vector<double> places;
  for (int i = 0; i <= 1000; ++i) places.push_back(-5 + i * 0.01);
  const std::vector<double> density = SmoothedDensity(masses, places, 0.3);
  EXPECT_NEAR(std::accumulate(density.begin(), density.end(), 0.0) * 0.01, 1, 1e-6);
  EXPECT_NEAR(density[700], 0.75 / (0.3 * std::sqrt(2 * M_PI)), 1e-9);
  EXPECT_NEAR(density[400], 0.25 / (0.3 * std::sqrt(2 * M_PI)), 1e-9);
}

TEST(DensityCurveTest, ReachesThreeWidthsBeyondTheMassesAndSumsThemUp) {
  const std::vector<SpectralMass> masses = {{-1, 0.25}, {-0.01, 0.25}, {3, 0.5}};
  const DensityCurve curve = CurveOf(masses, 101, 0.05);
  EXPECT_NEAR(curve.width, 0.2, 1e-12);
  EXPECT_NEAR(curve.places.front(), -1.6, 1e-12);
  EXPECT_NEAR(curve.places.back(), 3.6, 1e-12);
  EXPECT_NEAR(curve.mean, 1.2475, 1e-12);
  EXPECT_NEAR(curve.deviation, std::sqrt(0.25 * (2.2475 * 2.2475 + 1.2575 * 1.2575) + 0.5 * 1.7525 * 1.7525), 1e-12);
  EXPECT_EQ(curve.least, -1);
  EXPECT_EQ(curve.greatest, 3);
  EXPECT_EQ(curve.negative_share, 0.25);  // What is within a width of zero may be rounding.
  EXPECT_EQ(curve.density, SmoothedDensity(masses, curve.places, curve.width));
}

TEST(DensityCurveTest, HasAWidthWhereAllEigenvaluesAreOne) {
  EXPECT_NEAR(CurveOf(std::vector<SpectralMass>{{-4, 1}}, 9, 0.05).width, 0.2, 1e-12);
  EXPECT_NEAR(CurveOf(std::vector<SpectralMass>{{0, 1}}, 9, 0.05).width, 0.05, 1e-12);
}

}  // namespace
}  // namespace basin::worker::analysis
