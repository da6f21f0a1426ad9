#include "worker/train/network_shape.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"

namespace basin::worker::train {
namespace {

using testing::HasSubstr;

absl::StatusOr<NetworkShape> ShapeOfText(const std::string& text, const ImageShape& image = {28, 28, 1}) {
  v1::Model model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &model)) << text;
  contract::FillDefaults(&model);
  return ShapeOf(model, image.is_image() ? image.size() : 10, image, 10);
}

TEST(NetworkShapeTest, PresetsHaveTheirSizes) {
  // 0.27 and 0.85 million (He 2015, table 6); LeNet-5 with full connections has 61,706.
  EXPECT_EQ(ShapeOfText("resnet { depth: 20 }", {32, 32, 3})->parameter_count, 269'722u);
  EXPECT_EQ(ShapeOfText("resnet { depth: 56 }", {32, 32, 3})->parameter_count, 853'018u);
  EXPECT_EQ(ShapeOfText("lenet {}")->parameter_count, 61'706u);
  EXPECT_EQ(ShapeOfText("resnet { depth: 20 skip_connections: false }", {32, 32, 3})->parameter_count, 269'722u);
}

TEST(NetworkShapeTest, TensorsAreNamedByTheirPlaceAndCoverTheVectors) {
  const NetworkShape shape = *ShapeOfText(
      "sequential { layers { conv2d { filters: 4 kernel: 3 } } layers { relu {} } layers { residual { "
      "shortcut: SHORTCUT_PROJECTION layers { conv2d { filters: 8 kernel: 3 stride: 2 bias: false } } "
      "layers { batch_norm {} } } } }");
  std::vector<std::string> names;
  size_t place = 0;
  for (const ParameterTensor& tensor : shape.parameters) {
    names.push_back(tensor.name);
    EXPECT_EQ(tensor.offset, place);
    place += tensor.size();
  }
  EXPECT_EQ(place, shape.parameter_count);
  EXPECT_THAT(names, testing::ElementsAre("0.conv2d.weight", "0.conv2d.bias", "2.residual.0.conv2d.weight",
                                          "2.residual.1.batch_norm.scale", "2.residual.1.batch_norm.shift",
                                          "2.residual.shortcut.conv2d.weight", "2.residual.shortcut.batch_norm.scale",
                                          "2.residual.shortcut.batch_norm.shift", "3.dense.weight", "3.dense.bias"));
  EXPECT_EQ(shape.parameters[2].shape, (std::vector<int64_t>{3, 3, 4, 8}));
  EXPECT_EQ(shape.parameters[2].fan_in, 36);
  EXPECT_EQ(shape.buffer_count, 32u);
  EXPECT_EQ(shape.buffers[1].name, "2.residual.1.batch_norm.running_variance");
}

// An activation that another node reads past must not become part of the node before.
TEST(NetworkShapeTest, AShortcutTakesWhatStandsBeforeTheBlock) {
  const NetworkShape shape = *ShapeOfText(
      "sequential { layers { conv2d { filters: 4 kernel: 3 } } layers { residual { layers { relu {} } "
      "layers { conv2d { filters: 4 kernel: 3 } } } } layers { relu {} } }");
  EXPECT_EQ(shape.nodes[1].activation, Activation::kNone);
  EXPECT_EQ(shape.nodes[2].kind, NodeKind::kActivation);
  EXPECT_EQ(shape.nodes[4].kind, NodeKind::kAdd);
  EXPECT_EQ(shape.nodes[4].activation, Activation::kRelu);
}

struct Fault {
  const char* name;
  const char* model;
  const char* message;
  ImageShape image = {28, 28, 1};
};
class NetworkFaultTest : public testing::TestWithParam<Fault> {};

TEST_P(NetworkFaultTest, IsSaidWithTheFieldsPath) {
  const auto shape = ShapeOfText(GetParam().model, GetParam().image);
  ASSERT_FALSE(shape.ok());
  EXPECT_EQ(shape.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(shape.status().message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Faults, NetworkFaultTest,
    testing::Values(
        Fault{"LargeKernel", "sequential { layers { relu {} } layers { conv2d { filters: 1 kernel: 29 padding: 0 } } }",
              "train.model.sequential.layers[1].conv2d.kernel: 29x29 is larger than what it is applied to: 28x28"},
        Fault{"SameOfAnEvenKernel", "sequential { layers { conv2d { filters: 1 kernel: 4 } } }",
              "layers[0].conv2d.padding: 'same' needs an odd kernel, which is 4"},
        Fault{"PaddingBeyondTheKernel", "sequential { layers { conv2d { filters: 1 kernel: 3 padding: 3 } } }",
              "layers[0].conv2d.padding: must be less than the kernel"},
        Fault{"PoolBelowOnePixel", "sequential { layers { max_pool { size: 16 } } layers { average_pool {} } }",
              "layers[1].average_pool.size: a window of 2x2 is larger than the 1x1 pixels that are left"},
        Fault{"Groups", "sequential { layers { conv2d { filters: 6 kernel: 3 } } layers { group_norm { groups: 4 } } }",
              "layers[1].group_norm.groups: must divide the number of channels, which is 6, is 4"},
        Fault{"ConvolutionBehindDense",
              "sequential { layers { dense { units: 9 } } layers { relu {} } layers { conv2d { filters: 6 kernel: 3 } "
              "} }",
              "layers[2].conv2d: a convolution cannot follow a dense layer"},
        Fault{"TableForAConvolution",
              "sequential { layers { conv2d { filters: 6 kernel: 3 } } }",
              "layers[0].conv2d: a convolution needs a data set of images",
              {}},
        Fault{"InsideAResidual", "sequential { layers { residual { layers { max_pool { size: 30 } } } } }",
              "train.model.sequential.layers[0].residual.layers[0].max_pool.size: a window"},
        Fault{"ResidualThatCannotBeAdded",
              "sequential { layers { residual { layers { conv2d { filters: 2 kernel: 5 padding: 0 } } } } }",
              "layers[0].residual.layers: take 28x28x1 values to 24x24x2 values, to which no shortcut can be added"},
        Fault{"ResNetDepth", "resnet { depth: 21 }",
              "train.model.resnet.depth: must be 6 n + 2, such as 20 or 26, is 21"},
        Fault{"PresetThatDoesNotFit", "vgg { blocks: [1, 1, 1, 1, 1] }",
              "train.model.vgg: does not fit the data: layer 19.max_pool: a window of 2x2 is larger"},
        Fault{"TooManyParameters",
              "sequential { layers { conv2d { filters: 65536 kernel: 1 } } layers { dense { units: 1048576 } } }",
              "layers[1].dense: brings the network to more than",
              {128, 128, 1}}),
    [](const auto& test_case) { return std::string(test_case.param.name); });

TEST(CheckBatchesTest, ABatchNormNeedsTwoExamples) {
  const NetworkShape with = *ShapeOfText("sequential { layers { batch_norm {} } }"), without = *ShapeOfText("lenet {}");
  EXPECT_TRUE(CheckBatches(without, 1, 1, 10, false).ok());
  EXPECT_TRUE(CheckBatches(with, 5, 5, 10, false).ok());
  EXPECT_TRUE(CheckBatches(with, 3, 3, 10, true).ok());
  EXPECT_TRUE(CheckBatches(with, 6, 3, 12, false).ok());
  EXPECT_THAT(std::string(CheckBatches(with, 1, 1, 10, false).message()),
              HasSubstr("train.batch_size: must let at least"));
  EXPECT_THAT(std::string(CheckBatches(with, 4, 1, 8, false).message()), HasSubstr("in micro-batches of 1"));
  for (const auto& [batch, micro] : {std::pair{3, 3}, {6, 3}}) {
    EXPECT_THAT(std::string(CheckBatches(with, batch, micro, 10, false).message()),
                HasSubstr("choose another size or set drop_last"));
  }
}

}  // namespace
}  // namespace basin::worker::train
