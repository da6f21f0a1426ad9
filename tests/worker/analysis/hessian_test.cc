// The Hessian of trained networks: against all of its elements, and its bits.

#include <cmath>
#include <vector>

#include "Eigen/Eigenvalues"
#include "gtest/gtest.h"
#include "tests/worker/analysis/trained_model.h"
#include "tests/worker/train/synthetic_examples.h"
#include "tests/worker/train/synthetic_images.h"
#include "worker/analysis/critical_point.h"
#include "worker/analysis/lanczos.h"
#include "worker/analysis/loss_function.h"
#include "worker/analysis/spectral_density.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

// All elements, a product a column.
Eigen::MatrixXd AllOf(SymmetricOperator& matrix) {
  const size_t size = matrix.size();
  Eigen::MatrixXd elements(size, size);
  std::vector<float> unit(size), column(size);
  for (size_t j = 0; j < size; ++j) {
    unit[j] = 1;
    matrix.Multiply(unit, column);
    unit[j] = 0;
    for (size_t i = 0; i < size; ++i) {
      elements(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = static_cast<double>(column[i]);
    }
  }
  return elements;
}

// One that has learnt from so many examples, and the Hessian of its loss over them.
struct SmallNetwork {
  explicit SmallNetwork(int64_t count) : examples(6, 4, {.train = count}, 1.5f) {}

  const train::SyntheticExamples examples;
  const TrainedModel model{
      "model { mlp { hidden: 9 activation: ACTIVATION_TANH } } batch_size: 20 epochs: 10 learning_rate: 0.1",
      examples.view()};
  const train::Network<float> network{model.shape, model.loss};
  LossFunction loss{network, model.at.buffers, examples.view().train, nullptr};
  Hessian hessian{loss, model.at.params};
};

TEST(HessianTest, LanczosFindsTheEigenvaluesOfAllOfIt) {
  SmallNetwork small(200);
  Hessian& hessian = small.hessian;
  const Eigen::MatrixXd elements = AllOf(hessian);
  EXPECT_LT((elements - elements.transpose()).cwiseAbs().maxCoeff(), 1e-6);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> expected(elements);
  const auto size = static_cast<int>(hessian.size());
  const Spectrum spectrum =
      ExtremeEigenvalues(hessian, {.highest = 5, .lowest = 2, .max_steps = size, .tolerance = 1e-6});
  const double greatest = expected.eigenvalues()(size - 1);
  for (int i = 0; i < 5; ++i) {
    const double value = expected.eigenvalues()(size - 1 - i);
    EXPECT_NEAR(spectrum.highest[static_cast<size_t>(i)].value, value, 1e-4 * value) << i;
  }
  for (int i = 0; i < 2; ++i) {
    EXPECT_NEAR(spectrum.lowest[static_cast<size_t>(i)].value, expected.eigenvalues()(i), 1e-5 * greatest) << i;
  }
}

TEST(HessianTest, TheVerdictIsThatOfAllOfItOrNone) {
  constexpr double kTolerance = 1e-3;
  int minima = 0, saddles = 0;
  for (const uint64_t seed : {1, 2, 3, 4}) {
    for (const char* epochs : {"2000", "6000"}) {
      const train::SyntheticExamples examples(6, 4, {.train = 120}, 1.5f);
      const TrainedModel model(
          std::string(
              "model { mlp { hidden: 24 activation: ACTIVATION_TANH } } batch_size: 4294967295 learning_rate: 0.1 "
              "optimizer { sgd { momentum: 0.9 } } loss { squared_error {} } epochs: ") +
              epochs,
          examples.view(), seed);
      const train::Network<float> network(model.shape, model.loss);
      LossFunction loss(network, model.at.buffers, examples.view().train, nullptr);
      Hessian hessian(loss, model.at.params);
      const Eigen::MatrixXd elements = AllOf(hessian);
      const Eigen::VectorXd exact = Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(elements).eigenvalues();
      const int64_t below = (exact.array() < -kTolerance).count();
      for (const int steps : {20, 60, 100, 150, 200}) {
        const Spectrum spectrum = ExtremeEigenvalues(
            hessian, {.highest = 5, .lowest = 1, .max_steps = steps, .tolerance = 1e-4, .bound = -kTolerance});
        const CriticalPoint point = JudgeCriticalPoint(0, spectrum, {.curvature = kTolerance});
        SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << epochs << " epochs, " << steps
                                        << " steps: " << point.Sentence() << "; exactly " << below << " below, from "
                                        << exact.minCoeff());
        EXPECT_EQ(point.kind == CriticalPoint::Kind::kMinimum && below > 0, false);
        EXPECT_EQ(point.kind == CriticalPoint::Kind::kSaddle && below == 0, false);
        EXPECT_LE(point.negative, below);
        EXPECT_EQ(point.negative_settled && point.negative != below, false);
        minima += point.kind == CriticalPoint::Kind::kMinimum;
        saddles += point.kind == CriticalPoint::Kind::kSaddle;
      }
    }
  }
  EXPECT_GT(minima, 0);
  EXPECT_GT(saddles, 0);
}

TEST(HessianTest, QuadratureFindsTheDistributionOfTheEigenvaluesOfAllOfIt) {
  SmallNetwork small(60);
  Hessian& hessian = small.hessian;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(AllOf(hessian));
  const Eigen::VectorXd& exact = solver.eigenvalues();
  const auto size = static_cast<double>(exact.size());
  constexpr int kProbes = 60;
  const DensityCurve curve = CurveOf(SpectralQuadrature(hessian, kProbes, 40, 1), 300, 0.02);
  const double variance = (exact.array() - exact.mean()).square().mean();
  // The standard error of the mean over probes.
  EXPECT_NEAR(curve.mean, exact.sum() / size, 4 * std::sqrt(2 * variance / (size * kProbes)));
  EXPECT_NEAR(curve.deviation, std::sqrt(variance), 0.15 * std::sqrt(variance));
  EXPECT_NEAR(curve.greatest, exact.maxCoeff(), 1e-3 * exact.maxCoeff());
  std::vector<SpectralMass> masses;
  for (const double value : exact) masses.push_back({value, 1 / size});
  const std::vector<double> expected = SmoothedDensity(masses, curve.places, curve.width);
  const double step = curve.places[1] - curve.places[0];
  double difference = 0, total = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::abs(curve.density[i] - expected[i]) * step;
    total += curve.density[i] * step;
  }
  EXPECT_NEAR(total, 1, 1e-3);
  EXPECT_LT(difference, 0.1);
}

TEST(HessianTest, IsTheDerivativeOfTheGradientInFloatToo) {
  const train::SyntheticExamples examples(6, 4, {.train = 100}, 1.5f);
  const TrainedModel model(
      "model { mlp { hidden: 9 activation: ACTIVATION_TANH } } batch_size: 20 epochs: 2 learning_rate: 0.1 "
      "loss { cross_entropy { label_smoothing: 0.2 } }",
      examples.view());
  const train::Network<float> network(model.shape, model.loss);
  LossFunction loss(network, model.at.buffers, examples.view().train, nullptr);
  std::vector<float> direction = NormalVector(loss.size(), 1, RandomVector::kNoise, 0);
  std::vector<float> product(loss.size()), above(loss.size()), below(loss.size());
  loss.HessianProduct(model.at.params, direction, product);
  const double h = 1e-3;
  loss.Gradient(Sum(model.at.params, h, direction), above);
  loss.Gradient(Sum(model.at.params, -h, direction), below);
  const std::vector<float> distance = Sum(product, -1 / (2 * h), Difference(above, below));
  EXPECT_LT(Norm(distance), 0.01 * Norm(product));
}

struct Case {
  const char* name;
  const char* workload;
};
class HessianBitsTest : public testing::TestWithParam<Case> {};

TEST_P(HessianBitsTest, DoNotDependOnTheNumberOfThreads) {
  // More than one chunk of examples.
  const train::SyntheticImages images({13, 12, 3}, 5, 600, 10);
  const TrainedModel model(GetParam().workload, images.view());
  const train::Network<float> network(model.shape, model.loss);
  const std::vector<float> direction = NormalVector(model.at.params.size(), 1, RandomVector::kNoise, 0);
  std::vector<float> one_product, one_gradient;
  double one_loss = 0;
  for (const int threads : {1, 2, 3}) {
    train::ThreadPool pool(threads);
    LossFunction loss(network, model.at.buffers, images.view().train, &pool);
    std::vector<float> product(direction.size()), gradient(direction.size());
    loss.HessianProduct(model.at.params, direction, product);
    const double value = loss.Gradient(model.at.params, gradient);
    if (threads == 1) {
      one_product = product, one_gradient = gradient, one_loss = value;
      EXPECT_GT(Norm(product), 0);
    }
    EXPECT_EQ(product, one_product) << threads;
    EXPECT_EQ(gradient, one_gradient) << threads;
    EXPECT_EQ(value, one_loss) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, HessianBitsTest,
    testing::Values(Case{"Mlp", "model { mlp { hidden: [40, 24] } } batch_size: 50 epochs: 1 learning_rate: 0.05"},
                    Case{"ResNet",
                         "model { resnet { depth: 8 width: 5 } } batch_size: 50 epochs: 1 learning_rate: 0.05"},
                    Case{"GroupNormAndPools",
                         "model { sequential { layers { conv2d { filters: 20 kernel: 5 stride: 2 } } layers { "
                         "group_norm { groups: 4 } } layers { gelu {} } layers { average_pool {} } layers { conv2d { "
                         "filters: 9 kernel: 3 } } layers { tanh {} } layers { max_pool {} } } } batch_size: 50 "
                         "epochs: 1 learning_rate: 0.02"}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

}  // namespace
}  // namespace basin::worker::analysis
