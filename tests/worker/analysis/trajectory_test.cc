#include "worker/analysis/trajectory.h"

#include <cmath>
#include <vector>

#include "Eigen/Eigenvalues"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/analysis/vectors.h"
#include "worker/train/trainer.h"

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

// Principal component analysis by all of the scatter matrix, of the weights of a network in training.
TEST(PrincipalDirectionsTest, AreThoseOfTheScatterMatrixOfATraining) {
  v1::TrainWorkload workload;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "model { mlp { hidden: 7 } } batch_size: 10 epochs: 12 learning_rate: 0.2", &workload));
  contract::FillDefaults(&workload);
  const train::SyntheticExamples examples(5, 3, {.train = 90}, 1.5f);
  auto trainer = train::Trainer::Create(workload, 17, examples.view(), nullptr);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  std::vector<std::vector<float>> path;
  const auto add = [&] { path.emplace_back((*trainer)->params().begin(), (*trainer)->params().end()); };
  add();
  (*trainer)->Run([&](const train::EpochReport&) { add(); }, nullptr);
  ASSERT_EQ(path.size(), 13u);

  const auto count = static_cast<Eigen::Index>(path.size()), size = static_cast<Eigen::Index>(path[0].size());
  Eigen::MatrixXd differences(count, size);
  for (Eigen::Index t = 0; t < count; ++t) {
    for (Eigen::Index p = 0; p < size; ++p) {
      differences(t, p) = static_cast<double>(path[static_cast<size_t>(t)][static_cast<size_t>(p)]) -
                          static_cast<double>(path.back()[static_cast<size_t>(p)]);
    }
  }
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(differences.transpose() * differences);
  const auto plane = PrincipalDirections(path, 2);
  ASSERT_TRUE(plane.ok()) << plane.status();
  ASSERT_EQ(plane->directions.size(), 2u);
  for (size_t k = 0; k < 2; ++k) {
    const Eigen::Index at = size - 1 - static_cast<Eigen::Index>(k);
    EXPECT_NEAR(plane->explained[k], solver.eigenvalues()(at) / solver.eigenvalues().sum(), 1e-6) << k;
    const Eigen::VectorXd direction =
        Eigen::Map<const Eigen::VectorXf>(plane->directions[k].data(), size).cast<double>();
    const double cosine = direction.dot(solver.eigenvectors().col(at));
    EXPECT_NEAR(std::abs(cosine), 1, 1e-5) << k;
    const Eigen::VectorXd coordinates = differences * solver.eigenvectors().col(at) * (cosine > 0 ? 1 : -1);
    for (Eigen::Index t = 0; t < count; ++t) {
      EXPECT_NEAR(plane->coordinates[static_cast<size_t>(t)][k], coordinates(t), 1e-4) << k << " " << t;
    }
  }
}

TEST(PrincipalDirectionsTest, RefuseWeightsThatStandStill) {
  const std::vector<std::vector<float>> path(3, std::vector<float>(5, 1.0f));
  EXPECT_THAT(PrincipalDirections(path, 2).status().message(), testing::HasSubstr("do not move"));
}

}  // namespace
}  // namespace basin::worker::analysis
