#include "worker/analysis/loss_plane.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "tests/worker/analysis/trained_model.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/analysis/directions.h"
#include "worker/analysis/interpolation.h"
#include "worker/analysis/vectors.h"

namespace basin::worker::analysis {
namespace {

using Score = train::Network<float>::Score;

struct Case {
  const char* name;
  const char* workload;
  train::ImageShape image = {10, 9, 2};
};
constexpr train::ImageShape kTable = {};

class LossPlaneTest : public testing::TestWithParam<Case> {
 protected:
  LossPlaneTest()
      : examples_(180, 4, {.train = 500}, 1, 1, GetParam().image),
        model_(GetParam().workload, examples_.view()),
        network_(model_.shape, model_.loss),
        first_{RandomDirection(model_.shape.parameters, model_.at.params, 1, 0), {}},
        second_{RandomDirection(model_.shape.parameters, model_.at.params, 1, 1), {}} {}

  // What the network has there, without any shortcut.
  Score Plain(const FlatVectors& at) const {
    train::AlignedBuffer<float> params(at.params.size());
    std::ranges::copy(at.params, params.data());
    train::Network<float>::Workspace workspace(network_, {.batch_rows = 0});
    const train::Examples& examples = examples_.view().train;
    std::vector<const float*> rows;
    for (int64_t i = 0; i < examples.count; ++i) rows.push_back(examples.features + i * examples.stride);
    return network_.Evaluate(params.data(), at.buffers.data(), {rows.data(), examples.labels, examples.count},
                             workspace, nullptr);
  }

  const train::SyntheticExamples examples_;
  const TrainedModel model_;
  const train::Network<float> network_;
  const FlatVectors first_, second_;
};

TEST_P(LossPlaneTest, HasTheLossAndAccuracyOfTheNetworkAtEachPlace) {
  const LossPlane plane(model_.shape, model_.loss, model_.at, first_, &second_, examples_.view().train, nullptr);
  const std::vector<PlanePoint> points = {{0, 0}, {0.5, 0}, {0, -0.4}, {-1, 0.75}, {1, 1}};
  const std::vector<Score> scores = plane.Evaluate(points, nullptr);
  for (size_t i = 0; i < points.size(); ++i) {
    FlatVectors at = model_.at;
    at.params = Sum(Sum(at.params, points[i].alpha, first_.params), points[i].beta, second_.params);
    const Score expected = Plain(at);
    EXPECT_NEAR(scores[i].loss, expected.loss, 1e-5 * (1 + expected.loss)) << i;
    EXPECT_NEAR(scores[i].accuracy, expected.accuracy, 0.0021) << i;  // One example, whose logits are nearly equal.
  }
  EXPECT_NEAR(scores[0].loss, Plain(model_.at).loss, 1e-12);
  EXPECT_GT(std::abs(scores[4].loss - scores[0].loss), 1e-3);
}

TEST_P(LossPlaneTest, HasTheSameBitsForAnyThreadsAndAnyCompany) {
  const std::vector<PlanePoint> points = {{0.5, 0}, {0, -0.4}, {-1, 0.75}};
  const LossPlane plane(model_.shape, model_.loss, model_.at, first_, &second_, examples_.view().train, nullptr);
  const std::vector<Score> one = plane.Evaluate(points, nullptr);
  for (const int threads : {2, 3}) {
    train::ThreadPool pool(threads);
    const LossPlane other(model_.shape, model_.loss, model_.at, first_, &second_, examples_.view().train, &pool);
    const std::vector<Score> many = other.Evaluate(points, &pool);
    for (size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(many[i].loss, one[i].loss);
      EXPECT_EQ(many[i].accuracy, one[i].accuracy);
    }
  }
  EXPECT_EQ(plane.Evaluate({&points[2], 1}, nullptr)[0].loss, one[2].loss);
}

TEST_P(LossPlaneTest, OfALineBetweenTwoNetworksEndsAtBoth) {
  const TrainedModel other(GetParam().workload, examples_.view(), 18);
  const FlatVectors direction = DirectionBetween(model_.at, other.at);
  const LossPlane line(model_.shape, model_.loss, model_.at, direction, nullptr, examples_.view().train, nullptr);
  const std::vector<PlanePoint> points = {{0}, {0.5}, {1}};
  const std::vector<Score> scores = line.Evaluate(points, nullptr);
  EXPECT_NEAR(scores[0].loss, Plain(model_.at).loss, 1e-5);
  EXPECT_NEAR(scores[2].loss, Plain(other.at).loss, 1e-4 * (1 + scores[2].loss));
  EXPECT_GT(std::abs(scores[1].loss - scores[0].loss), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    Models, LossPlaneTest,
    testing::Values(
        Case{"Softmax", "model { softmax_regression {} } batch_size: 50 epochs: 2 learning_rate: 0.05"},
        Case{"Mlp", "model { mlp { hidden: [21, 12] } } batch_size: 50 epochs: 2 learning_rate: 0.05"},
        Case{"TanhMlp",
             "model { mlp { hidden: 21 activation: ACTIVATION_TANH } } batch_size: 50 epochs: 2 learning_rate: 0.05"},
        Case{"GeluMlp",
             "model { mlp { hidden: 21 activation: ACTIVATION_GELU } } batch_size: 50 epochs: 2 learning_rate: 0.05"},
        Case{
            "NormBehindTheFirstLayer",
            "model { sequential { layers { dense { units: 21 bias: false } } layers { batch_norm {} } layers { relu {} "
            "} } } batch_size: 50 epochs: 2 learning_rate: 0.05"},
        Case{"ShortcutFromTheInput",
             "model { sequential { layers { residual { layers { dense { units: 180 } } } } layers { tanh {} } } } "
             "batch_size: 50 epochs: 2 learning_rate: 0.01",
             kTable},
        Case{"ResNet", "model { resnet { depth: 8 width: 4 } } batch_size: 50 epochs: 2 learning_rate: 0.05"}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

}  // namespace
}  // namespace basin::worker::analysis
