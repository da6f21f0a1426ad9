// Whole models, and with them each kind of layer and loss, against finite differences in double.

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/random/philox.h"
#include "worker/train/network.h"

namespace basin::worker::train {
namespace {

struct Case {
  const char* name;
  const char* model;
  ImageShape input;  // Of height 0: a table with so many channels.
  int classes;
  int64_t batch;
  Loss loss = {};
};

NetworkShape ShapeOfText(const char* text, const ImageShape& input, int classes) {
  v1::Model model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model)) << text;
  contract::FillDefaults(&model);
  const int64_t features = input.is_image() ? input.size() : input.channels;
  auto shape = ShapeOf(model, features, input.is_image() ? input : ImageShape{}, classes);
  EXPECT_TRUE(shape.ok()) << shape.status();
  return *std::move(shape);
}

class GradientTest : public testing::TestWithParam<Case> {
 protected:
  GradientTest() : shape_(ShapeOfText(GetParam().model, GetParam().input, GetParam().classes)) {
    const Case& c = GetParam();
    contract::RandomStream stream(11, contract::RandomPurpose::kSplit, 0);
    params_ = AlignedBuffer<double>(shape_.parameter_count);
    for (double& value : params_.span()) value = 0.5 * stream.NextNormal();
    buffers_ = AlignedBuffer<double>(shape_.buffer_count);
    for (double& value : buffers_.span()) value = 0.5 + stream.NextUniform();
    features_ = AlignedBuffer<double>(static_cast<size_t>(c.batch * shape_.inputs()));
    for (double& value : features_.span()) value = stream.NextNormal();
    for (int64_t i = 0; i < c.batch; ++i) {
      rows_.push_back(features_.data() + i * shape_.inputs());
      labels_.push_back(static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(c.classes))));
    }
  }
  Batch<double> batch() const { return {rows_.data(), labels_.data(), GetParam().batch, {.seed = 3, .step = 7}}; }

  NetworkShape shape_;
  AlignedBuffer<double> params_, buffers_, features_;
  std::vector<const double*> rows_;
  std::vector<int32_t> labels_;
};

TEST_P(GradientTest, AgreesWithFiniteDifferencesOfTheLoss) {
  const Network<double> network(shape_, GetParam().loss);
  Network<double>::Workspace workspace(network, {.batch_rows = GetParam().batch});
  std::vector<double> gradient(shape_.parameter_count), other(shape_.parameter_count);
  // The loss as training sees it: with the batch's statistics and the step's dropout.
  const auto loss = [&](std::vector<double>* result) {
    return network.LossAndGradient(params_.data(), buffers_.data(), batch(), result->data(), workspace, nullptr,
                                   nullptr);
  };
  loss(&gradient);
  const double h = 1e-6;
  double greatest = 0;
  const size_t stride = 1 + shape_.parameter_count / 500;  // Of a large model only some parameters.
  for (size_t i = 0; i < shape_.parameter_count; i += stride) {
    const double w = params_[i];
    params_[i] = w + h;
    const double above = loss(&other);
    params_[i] = w - h;
    const double below = loss(&other);
    params_[i] = w;
    ASSERT_NEAR(gradient[i], (above - below) / (2 * h), 5e-8 * (1 + std::abs(gradient[i]))) << "parameter " << i;
    greatest = std::max(greatest, std::abs(gradient[i]));
  }
  EXPECT_GT(greatest, 1e-3);
}

// A function of the parameters as evaluation sees it: with fixed running statistics, without dropout.
class EvaluationGradientTest : public GradientTest {
 protected:
  EvaluationGradientTest() : network_(shape_, GetParam().loss), workspace_(network_, {}), tangents_(network_, {}) {
    contract::RandomStream stream(12, contract::RandomPurpose::kSplit, 0);
    for (AlignedBuffer<double>* direction : {&direction_, &other_direction_}) {
      *direction = AlignedBuffer<double>(shape_.parameter_count);
      for (double& value : direction->span()) value = stream.NextNormal();
    }
  }
  // At params + step * direction.
  double Gradient(double step, std::vector<double>* gradient) {
    AlignedBuffer<double> at(params_.size());
    for (size_t i = 0; i < at.size(); ++i) at[i] = params_[i] + step * direction_[i];
    gradient->resize(at.size());
    return network_.EvaluateGradient(at.data(), buffers_.data(), batch(), gradient->data(), workspace_, nullptr);
  }
  std::vector<double> HessianTimes(const AlignedBuffer<double>& direction) {
    std::vector<double> product(direction.size());
    network_.EvaluateHessianProduct(params_.data(), buffers_.data(), batch(), direction.data(), product.data(),
                                    workspace_, tangents_, nullptr);
    return product;
  }
  static double Dot(std::span<const double> a, std::span<const double> b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  }

  const Network<double> network_;
  Network<double>::Workspace workspace_, tangents_;
  AlignedBuffer<double> direction_, other_direction_;
};

TEST_P(EvaluationGradientTest, AgreesWithFiniteDifferencesOfTheLoss) {
  std::vector<double> gradient, other;
  const double loss = Gradient(0, &gradient);
  if (GetParam().loss.label_smoothing == 0) {
    EXPECT_NEAR(loss, network_.Evaluate(params_.data(), buffers_.data(), batch(), workspace_, nullptr).loss,
                1e-14 * (1 + loss));
  }
  const double h = 1e-6, slope = (Gradient(h, &other) - Gradient(-h, &other)) / (2 * h);
  EXPECT_NEAR(Dot(gradient, direction_.span()), slope, 1e-7 * (1 + std::abs(slope)));
}

TEST_P(EvaluationGradientTest, HessianProductAgreesWithFiniteDifferencesOfTheGradient) {
  const double h = 1e-6;
  std::vector<double> above, below;
  Gradient(h, &above);
  Gradient(-h, &below);
  const std::vector<double> product = HessianTimes(direction_);
  const double greatest = std::abs(*std::ranges::max_element(product, {}, [](double x) { return std::abs(x); }));
  EXPECT_GT(greatest, 1e-3);
  for (size_t i = 0; i < product.size(); ++i) {
    ASSERT_NEAR(product[i], (above[i] - below[i]) / (2 * h), 1e-7 * (1 + greatest)) << "parameter " << i;
  }
}

TEST_P(EvaluationGradientTest, HessianIsSymmetric) {
  const double one = Dot(other_direction_.span(), HessianTimes(direction_));
  const double other = Dot(direction_.span(), HessianTimes(other_direction_));
  EXPECT_NEAR(one, other, 1e-12 * (1 + std::abs(one)) * static_cast<double>(params_.size()));
}

constexpr ImageShape kTable(int32_t features) { return {0, 0, features}; }

const auto kDenseModels = testing::Values(
    Case{"Softmax", "softmax_regression {}", kTable(9), 5, 7},
    Case{"SoftmaxOneExample", "softmax_regression {}", kTable(20), 10, 1},
    Case{"ReluLayer", "mlp { hidden: 17 }", kTable(12), 3, 13},
    Case{"TanhLayer", "mlp { hidden: 17 activation: ACTIVATION_TANH }", kTable(12), 3, 13},
    Case{"GeluLayer", "mlp { hidden: 17 activation: ACTIVATION_GELU }", kTable(12), 3, 13},
    Case{"DeepRelu", "mlp { hidden: [19, 8, 33] }", kTable(6), 10, 32},
    Case{"DeepTanh", "mlp { hidden: [19, 8, 33] activation: ACTIVATION_TANH }", kTable(6), 10, 32},
    Case{"OneUnit", "mlp { hidden: 1 activation: ACTIVATION_TANH }", kTable(3), 2, 5},
    Case{"OneExample", "mlp { hidden: 40 }", kTable(30), 10, 1},
    // Several chunks of the implementation, the last one short.
    Case{"ManyRows", "mlp { hidden: 7 activation: ACTIVATION_TANH }", kTable(5), 4, 1100},
    Case{"LabelSmoothing", "mlp { hidden: 9 }", kTable(5), 11, 6, {.label_smoothing = 0.2}},
    Case{"SquaredError", "mlp { hidden: 9 }", kTable(5), 11, 6, {.kind = Loss::Kind::kSquaredError}},
    Case{"DenseBatchNorm",
         "sequential { layers { dense { units: 9 bias: false } } layers { batch_norm {} } layers { tanh {} } }",
         kTable(5), 3, 8},
    Case{"DenseResidual",
         "sequential { layers { dense { units: 9 } } layers { residual { layers { dense { units: 7 } } "
         "layers { tanh {} } layers { dense { units: 9 } } } } layers { gelu {} } }",
         kTable(5), 3, 6},
    // Parameters from the input on, and a shortcut that none reaches.
    Case{"NormsOnTheInput",
         "sequential { layers { batch_norm {} } layers { group_norm { groups: 1 } } layers { tanh {} } }", kTable(6), 3,
         5},
    Case{"GroupNormOnTheInput", "sequential { layers { group_norm { groups: 2 } } layers { gelu {} } }", kTable(6), 3,
         5},
    Case{"ShortcutOfTheInput",
         "sequential { layers { residual { layers { dense { units: 7 } } layers { tanh {} } } } layers { tanh {} } }",
         kTable(7), 3, 5},
    Case{"DropoutInFrontAndBehind",
         "sequential { layers { dropout { probability: 0.25 } } layers { dense { units: 21 } } layers { relu {} } "
         "layers { dropout { probability: 0.6 } } }",
         kTable(11), 3, 6});

const auto kConvolutionalModels = testing::Values(
    Case{"OneConvolution",
         "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { tanh {} } }",
         {5, 4, 3},
         4,
         3},
    Case{"TwoConvolutions",
         "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { tanh {} } "
         "layers { conv2d { filters: 19 kernel: 3 padding: 0 } } }",
         {7, 6, 2},
         4,
         3},
    Case{"LargeKernelsWithoutPadding",
         "sequential { layers { conv2d { filters: 3 kernel: 5 padding: 0 bias: false } } layers { relu {} } "
         "layers { conv2d { filters: 9 kernel: 4 padding: 3 } } layers { relu {} } layers { max_pool {} } }",
         {11, 9, 2},
         3,
         4},
    Case{"StrideTwo",
         "sequential { layers { conv2d { filters: 4 kernel: 3 } } layers { tanh {} } "
         "layers { conv2d { filters: 10 kernel: 3 stride: 2 } } }",
         {7, 8, 1},
         4,
         3},
    Case{"StrideThreeOfASmallKernel",
         "sequential { layers { conv2d { filters: 4 kernel: 3 } } layers { tanh {} } "
         "layers { conv2d { filters: 9 kernel: 1 stride: 3 } } layers { tanh {} } "
         "layers { conv2d { filters: 3 kernel: 3 stride: 3 padding: 2 } } }",
         {10, 11, 2},
         4,
         3},
    Case{"Pools",
         "sequential { layers { conv2d { filters: 9 kernel: 3 } } layers { max_pool { size: 3 stride: 2 } } "
         "layers { gelu {} } layers { conv2d { filters: 6 kernel: 3 } } layers { average_pool { size: 2 stride: 1 "
         "} } layers { conv2d { filters: 17 kernel: 1 } } layers { relu {} } layers { global_average_pool {} } }",
         {9, 8, 2},
         4,
         3},
    Case{"BatchNorms",
         "sequential { layers { conv2d { filters: 6 kernel: 3 bias: false } } layers { batch_norm {} } "
         "layers { relu {} } layers { conv2d { filters: 17 kernel: 3 stride: 2 } } layers { batch_norm {} } }",
         {6, 5, 2},
         3,
         4},
    Case{"GroupNorm",
         "sequential { layers { conv2d { filters: 12 kernel: 3 } } layers { group_norm { groups: 3 } } "
         "layers { tanh {} } layers { conv2d { filters: 4 kernel: 3 } } layers { group_norm { groups: 4 } } }",
         {5, 6, 2},
         3,
         4},
    Case{"ResidualIdentity",
         "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { residual { layers { relu {} } "
         "layers { conv2d { filters: 5 kernel: 3 } } layers { batch_norm {} } layers { tanh {} } "
         "layers { conv2d { filters: 5 kernel: 3 } } } } layers { relu {} } }",
         {5, 6, 2},
         3,
         4},
    Case{"ResidualZeroPadding",
         "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { tanh {} } layers { residual { "
         "layers { conv2d { filters: 11 kernel: 3 stride: 2 } } layers { relu {} } "
         "layers { conv2d { filters: 11 kernel: 3 } } } } layers { relu {} } }",
         {7, 6, 2},
         3,
         4},
    Case{"ResidualProjection",
         "sequential { layers { conv2d { filters: 5 kernel: 3 } } layers { relu {} } layers { residual { "
         "shortcut: SHORTCUT_PROJECTION layers { conv2d { filters: 9 kernel: 3 stride: 2 } } layers { batch_norm "
         "{} } layers { relu {} } layers { conv2d { filters: 9 kernel: 3 } } } } layers { tanh {} } }",
         {7, 6, 2},
         3,
         4},
    Case{"LeNet", "lenet { modern: false }", {28, 28, 1}, 10, 2},
    Case{"Vgg", "vgg { blocks: [1, 2] width: 4 hidden: 20 dropout: 0.3 }", {8, 8, 3}, 5, 4},
    Case{"ResNet", "resnet { depth: 8 width: 4 }", {8, 8, 3}, 5, 4},
    Case{"ResNetWithoutSkips", "resnet { depth: 8 width: 4 skip_connections: false }", {8, 8, 3}, 5, 4});

std::string NameOf(const testing::TestParamInfo<Case>& test_case) { return test_case.param.name; }

INSTANTIATE_TEST_SUITE_P(DenseModels, GradientTest, kDenseModels, NameOf);
INSTANTIATE_TEST_SUITE_P(ConvolutionalModels, GradientTest, kConvolutionalModels, NameOf);
INSTANTIATE_TEST_SUITE_P(DenseModels, EvaluationGradientTest, kDenseModels, NameOf);
INSTANTIATE_TEST_SUITE_P(ConvolutionalModels, EvaluationGradientTest, kConvolutionalModels, NameOf);

// The mean over a short batch is over its own size, and the gradient of a batch is the mean of its examples'.
TEST(MeanGradientTest, OfABatchIsTheMeanOverItsExamples) {
  const NetworkShape shape = ShapeOfText("mlp { hidden: 6 }", kTable(4), 3);
  const Network<double> network(shape);
  Network<double>::Workspace workspace(network, {.batch_rows = 3});
  AlignedBuffer<double> params(shape.parameter_count), features(12);
  contract::RandomStream stream(1, contract::RandomPurpose::kSplit, 0);
  for (double& value : params.span()) value = stream.NextNormal();
  for (double& value : features.span()) value = stream.NextNormal();
  const double* rows[] = {features.data(), features.data() + 4, features.data() + 8};
  const int32_t labels[] = {0, 2, 1};
  std::vector<double> whole(shape.parameter_count), one(shape.parameter_count), mean(shape.parameter_count, 0.0);
  const auto compute = [&](const Batch<double>& batch, std::vector<double>* gradient) {
    return network.LossAndGradient(params.data(), nullptr, batch, gradient->data(), workspace, nullptr, nullptr);
  };
  const double loss = compute({rows, labels, 3}, &whole);
  double mean_loss = 0;
  for (int i = 0; i < 3; ++i) {
    mean_loss += compute({rows + i, labels + i, 1}, &one) / 3;
    for (size_t p = 0; p < mean.size(); ++p) mean[p] += one[p] / 3;
  }
  EXPECT_NEAR(loss, mean_loss, 1e-14);
  for (size_t p = 0; p < mean.size(); ++p) EXPECT_NEAR(whole[p], mean[p], 1e-14) << p;
}

}  // namespace
}  // namespace basin::worker::train
