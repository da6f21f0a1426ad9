// A convolution in tiles does what the plain one does, but for rounding: forward, backward, gradients and tangents, on
// sides of odd and even length, with all paddings, and numbers of channels that fill no packet.

#include "worker/train/layers/winograd_convolution.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/random/philox.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/layers/convolution.h"
#include "worker/train/layers/layout.h"

namespace basin::worker::train {
namespace {

constexpr int64_t kExamples = 3;

struct Case {
  int32_t height, width, channels, filters, padding;
  bool bias = true;
  const char* activation = "relu";
};

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  const Case& c = info.param;
  return std::to_string(c.height) + "x" + std::to_string(c.width) + "x" + std::to_string(c.channels) + "_to" +
         std::to_string(c.filters) + "_pad" + std::to_string(c.padding) + (c.bias ? "_" : "_no_bias_") + c.activation;
}

// A network with the convolution as its node 2: a kernel of 1 x 1 before it makes its input have derivatives.
NetworkShape ShapeOfCase(const Case& c) {
  v1::Model model;
  v1::Sequential& layers = *model.mutable_sequential();
  v1::Conv2d& before = *layers.add_layers()->mutable_conv2d();
  before.set_filters(static_cast<uint32_t>(c.channels));
  before.set_kernel(1);
  layers.add_layers()->mutable_relu();
  v1::Conv2d& conv = *layers.add_layers()->mutable_conv2d();
  conv.set_filters(static_cast<uint32_t>(c.filters));
  conv.set_kernel(3);
  conv.set_padding(static_cast<uint32_t>(c.padding));
  conv.set_bias(c.bias);
  if (std::string(c.activation) == "relu") layers.add_layers()->mutable_relu();
  if (std::string(c.activation) == "tanh") layers.add_layers()->mutable_tanh();
  contract::FillDefaults(&model);
  const ImageShape image{c.height, c.width, 2};
  absl::StatusOr<NetworkShape> shape = ShapeOf(model, image.size(), image, 4);
  EXPECT_TRUE(shape.ok()) << shape.status();
  return *std::move(shape);
}

// Images of a node's shape for all examples; zeros in the border.
template <typename T>
class Images {
 public:
  Images(const ImageShape& shape, int32_t border, uint64_t stream_number, bool empty = false)
      : shape_(shape), layout_(LayoutOf(shape, border)), data_(static_cast<size_t>(kExamples * layout_.stride)) {
    contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
    for (int64_t i = 0; i < kExamples; ++i) rows_.push_back(data_.data() + layout_.origin + i * layout_.stride);
    if (empty) return;
    ForEach([&](T& value) { value = static_cast<T>(stream.NextNormal()); });
  }
  Values<T> values() { return {rows_.data(), data_.data() + layout_.origin, layout_.stride, layout_.line}; }
  template <typename Visit>
  void ForEach(const Visit& visit) {
    for (int64_t i = 0; i < kExamples; ++i) {
      for (int64_t y = 0; y < shape_.height; ++y) {
        for (int64_t x = 0; x < int64_t{shape_.width} * shape_.channels; ++x) {
          visit(data_[static_cast<size_t>(layout_.origin + i * layout_.stride + y * layout_.line + x)]);
        }
      }
    }
  }
  void AppendTo(std::vector<T>* all) {
    ForEach([&](T value) { all->push_back(value); });
  }

 private:
  ImageShape shape_;
  Layout layout_;
  AlignedBuffer<T> data_;
  std::vector<const T*> rows_;
};

template <typename T>
AlignedBuffer<T> Random(size_t count, uint64_t stream_number) {
  contract::RandomStream stream(7, contract::RandomPurpose::kSplit, stream_number);
  AlignedBuffer<T> values(count);
  for (T& value : values.span()) value = static_cast<T>(stream.NextNormal());
  return values;
}

// Everything that a layer says of random numbers: outputs, derivatives, gradients, and the tangents of all of these.
template <typename T>
class Told {
 public:
  Told(const NetworkShape& shape, const Layer<T>& layer, bool accumulate) : layer_(layer) {
    const Node& node = shape.nodes[2];
    const Node& before = shape.nodes[1];
    params_ = Random<T>(shape.parameter_count + 16, 1);
    velocities_ = Random<T>(shape.parameter_count + 16, 2);
    state_ = AlignedBuffer<T>(static_cast<size_t>(layer.StateSize()));
    tangent_state_ = AlignedBuffer<T>(static_cast<size_t>(layer.StateSize()));
    Images<T> in(before.output, before.border, 3), in_tangent(before.output, before.border, 4);
    Images<T> in_deltas(before.output, before.delta_border, 5),
        in_delta_tangents(before.output, before.delta_border, 6);
    Images<T> out(node.output, node.border, 0, true), out_tangents(node.output, node.border, 0, true);
    Images<T> deltas(node.output, node.delta_border, 7), delta_tangents(node.output, node.delta_border, 8);
    Pass<T> pass = PassOf(params_, state_, in, in_deltas, out, deltas, accumulate);
    Pass<T> tangent =
        PassOf(velocities_, tangent_state_, in_tangent, in_delta_tangents, out_tangents, delta_tangents, accumulate);
    layer.Prepare(pass);
    layer.Prepare(tangent);
    layer.Forward(pass, 0, 2);
    layer.Forward(pass, 2, kExamples - 2);
    layer.ForwardTangent(pass, tangent, 0, kExamples);
    layer.Backward(pass, 0, kExamples);
    layer.BackwardTangent(pass, tangent, 0, kExamples);
    for (Images<T>* images : {&out, &out_tangents, &in_deltas, &in_delta_tangents}) images->AppendTo(&values_);
    AddGradients(node, accumulate, [&](int64_t p, T* to) { layer.Gradient(pass, p, kExamples, accumulate, to); });
    AddGradients(node, accumulate,
                 [&](int64_t p, T* to) { layer.GradientTangent(pass, tangent, p, kExamples, accumulate, to); });
  }
  const std::vector<T>& values() const { return values_; }

 private:
  Pass<T> PassOf(AlignedBuffer<T>& params, AlignedBuffer<T>& state, Images<T>& in, Images<T>& in_deltas, Images<T>& out,
                 Images<T>& deltas, bool accumulate) {
    Pass<T> pass;
    pass.params = params.data();
    pass.state = state.data();
    pass.in[0] = in.values();
    pass.in_deltas[0] = in_deltas.values();
    pass.out = out.values();
    pass.out_deltas = deltas.values();
    pass.edges[0] = {.wanted = true, .accumulate = accumulate, .finish = Finish::kReluGate};
    pass.differentiated = true;
    return pass;
  }

  template <typename Compute>
  void AddGradients(const Node& node, bool accumulate, const Compute& compute) {
    const size_t size = static_cast<size_t>((node.weight_rows + node.has_bias) * node.output.channels);
    std::vector<T> gradient(size, T(0));
    std::vector<int> times(size, 0);
    for (int64_t p = 0; p < layer_.pieces(); ++p) {
      AlignedBuffer<T> result = accumulate ? Random<T>(size + 16, 9) : AlignedBuffer<T>(size + 16);
      const AlignedBuffer<T> before = accumulate ? Random<T>(size + 16, 9) : AlignedBuffer<T>(size + 16);
      compute(p, result.data());
      size_t place = 0;
      for (const PiecePart& part : layer_.PieceParts(p)) {
        for (auto i = static_cast<size_t>(part.begin); i < static_cast<size_t>(part.end); ++i, ++place) {
          gradient[i] = result[place] - before[place];
          ++times[i];
        }
      }
    }
    EXPECT_THAT(times, testing::Each(1));
    values_.insert(values_.end(), gradient.begin(), gradient.end());
  }

  const Layer<T>& layer_;
  AlignedBuffer<T> params_, velocities_, state_, tangent_state_;
  std::vector<T> values_;
};

class WinogradConvolutionTest : public testing::TestWithParam<Case> {};

template <typename T>
void ExpectSame(const Case& c, double tolerance) {
  const NetworkShape shape = ShapeOfCase(c);
  const Node& node = shape.nodes[2];
  ASSERT_TRUE(WinogradConvolution<T>::Suits(shape, node));
  const Convolution<T> plain(shape, node);
  const WinogradConvolution<T> tiles(shape, node);
  for (const bool accumulate : {false, true}) {
    const Told<T> expected(shape, plain, accumulate), told(shape, tiles, accumulate);
    ASSERT_EQ(told.values().size(), expected.values().size());
    double scale = 0;
    for (const T value : expected.values()) scale = std::max(scale, std::abs(static_cast<double>(value)));
    for (size_t i = 0; i < told.values().size(); ++i) {
      ASSERT_NEAR(told.values()[i], expected.values()[i], tolerance * scale) << i << " accumulate " << accumulate;
    }
  }
}

TEST_P(WinogradConvolutionTest, SaysWhatThePlainOneDoes) {
  ExpectSame<double>(GetParam(), 1e-14);
  ExpectSame<float>(GetParam(), 3e-6);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradConvolutionTest,
                         testing::Values(Case{8, 8, 16, 16, 1}, Case{9, 8, 8, 24, 1, false},
                                         Case{6, 11, 17, 9, 1, true, "tanh"}, Case{7, 7, 32, 48, 0, true, "none"},
                                         Case{5, 6, 12, 33, 2}, Case{4, 5, 9, 8, 2, false, "none"}, Case{3, 3, 8, 8, 0},
                                         Case{1, 1, 16, 8, 1}, Case{2, 1, 8, 16, 1}, Case{40, 38, 16, 8, 1},
                                         Case{5, 5, 256, 256, 1}),
                         NameOf);

TEST(WinogradConvolutionSuitsTest, OthersAreComputedPlainly) {
  const auto suits = [](int32_t channels, int32_t filters) {
    const NetworkShape shape = ShapeOfCase({8, 8, channels, filters, 1});
    EXPECT_FALSE(WinogradConvolution<float>::Suits(shape, shape.nodes[1])) << "a kernel of 1 x 1";
    return WinogradConvolution<float>::Suits(shape, shape.nodes[2]);
  };
  EXPECT_TRUE(suits(16, 16));
  EXPECT_FALSE(suits(4, 16));
  EXPECT_FALSE(suits(16, 4));
  EXPECT_TRUE(suits(256, 256));
  EXPECT_FALSE(suits(512, 256));
}

}  // namespace
}  // namespace basin::worker::train
