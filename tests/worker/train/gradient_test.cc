// Whole models, and with them each kind of layer, against finite differences in double.

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/contract/random/philox.h"
#include "worker/train/network.h"

namespace basin::worker::train {
namespace {

struct Case {
  const char* name;
  int inputs;
  std::vector<uint32_t> hidden;
  v1::Activation activation;
  int classes;
  int64_t batch;
};

class GradientTest : public testing::TestWithParam<Case> {
 protected:
  GradientTest() {
    const Case& c = GetParam();
    v1::Model model;
    if (c.hidden.empty()) {
      model.mutable_softmax_regression();
    } else {
      model.mutable_mlp()->mutable_hidden()->Add(c.hidden.begin(), c.hidden.end());
      model.mutable_mlp()->set_activation(c.activation);
    }
    shape_ = ShapeOf(model, c.inputs, c.classes);
    contract::RandomStream stream(11, contract::RandomPurpose::kSplit, 0);
    params_ = AlignedBuffer<double>(shape_.parameter_count);
    for (double& value : params_.span()) value = 0.5 * stream.NextNormal();
    features_ = AlignedBuffer<double>(c.batch * c.inputs);
    for (double& value : features_.span()) value = stream.NextNormal();
    for (int64_t i = 0; i < c.batch; ++i) {
      rows_.push_back(features_.data() + i * c.inputs);
      labels_.push_back(static_cast<int32_t>(stream.NextBelow(c.classes)));
    }
  }
  Batch<double> batch() const { return {rows_.data(), labels_.data(), GetParam().batch}; }

  NetworkShape shape_;
  AlignedBuffer<double> params_, features_;
  std::vector<const double*> rows_;
  std::vector<int32_t> labels_;
};

TEST_P(GradientTest, AgreesWithFiniteDifferencesOfTheLoss) {
  const Network<double> network(shape_);
  Network<double>::Workspace workspace(shape_, GetParam().batch, 1);
  std::vector<double> gradient(shape_.parameter_count);
  const double loss = network.LossAndGradient(params_.data(), batch(), gradient.data(), workspace, nullptr, nullptr);
  EXPECT_NEAR(loss, network.Evaluate(params_.data(), batch(), workspace, nullptr).loss, 1e-12);
  const double h = 1e-6;
  double greatest = 0;
  const size_t stride = 1 + shape_.parameter_count / 3000;  // Of a large model only some parameters.
  for (size_t i = 0; i < shape_.parameter_count; i += stride) {
    const double w = params_[i];
    params_[i] = w + h;
    const double above = network.Evaluate(params_.data(), batch(), workspace, nullptr).loss;
    params_[i] = w - h;
    const double below = network.Evaluate(params_.data(), batch(), workspace, nullptr).loss;
    params_[i] = w;
    ASSERT_NEAR(gradient[i], (above - below) / (2 * h), 2e-8) << "parameter " << i;
    greatest = std::max(greatest, std::abs(gradient[i]));
  }
  EXPECT_GT(greatest, 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Models, GradientTest,
                         testing::Values(Case{"Softmax", 9, {}, v1::ACTIVATION_RELU, 5, 7},
                                         Case{"SoftmaxOneExample", 20, {}, v1::ACTIVATION_RELU, 10, 1},
                                         Case{"ReluLayer", 12, {17}, v1::ACTIVATION_RELU, 3, 13},
                                         Case{"TanhLayer", 12, {17}, v1::ACTIVATION_TANH, 3, 13},
                                         Case{"DeepRelu", 6, {19, 8, 33}, v1::ACTIVATION_RELU, 10, 32},
                                         Case{"DeepTanh", 6, {19, 8, 33}, v1::ACTIVATION_TANH, 10, 32},
                                         Case{"OneUnit", 3, {1}, v1::ACTIVATION_TANH, 2, 5},
                                         Case{"OneExample", 30, {40}, v1::ACTIVATION_RELU, 10, 1},
                                         // Several chunks of the implementation, the last one short.
                                         Case{"ManyRows", 5, {7}, v1::ACTIVATION_TANH, 4, 1100}),
                         [](const auto& test_case) { return std::string(test_case.param.name); });

// The mean over a short batch is over its own size, and the gradient of a batch is the mean of its examples'.
TEST(MeanGradientTest, OfABatchIsTheMeanOverItsExamples) {
  v1::Model model;
  model.mutable_mlp()->add_hidden(6);
  const NetworkShape shape = ShapeOf(model, 4, 3);
  const Network<double> network(shape);
  Network<double>::Workspace workspace(shape, 3, 1);
  AlignedBuffer<double> params(shape.parameter_count), features(12);
  contract::RandomStream stream(1, contract::RandomPurpose::kSplit, 0);
  for (double& value : params.span()) value = stream.NextNormal();
  for (double& value : features.span()) value = stream.NextNormal();
  const double* rows[] = {features.data(), features.data() + 4, features.data() + 8};
  const int32_t labels[] = {0, 2, 1};
  std::vector<double> whole(shape.parameter_count), one(shape.parameter_count), mean(shape.parameter_count, 0.0);
  double mean_loss = 0;
  const double loss =
      network.LossAndGradient(params.data(), {rows, labels, 3}, whole.data(), workspace, nullptr, nullptr);
  for (int i = 0; i < 3; ++i) {
    mean_loss +=
        network.LossAndGradient(params.data(), {rows + i, labels + i, 1}, one.data(), workspace, nullptr, nullptr) / 3;
    for (size_t p = 0; p < mean.size(); ++p) mean[p] += one[p] / 3;
  }
  EXPECT_NEAR(loss, mean_loss, 1e-14);
  for (size_t p = 0; p < mean.size(); ++p) EXPECT_NEAR(whole[p], mean[p], 1e-14) << p;
}

}  // namespace
}  // namespace basin::worker::train
