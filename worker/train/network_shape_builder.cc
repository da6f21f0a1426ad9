#include "worker/train/network_shape_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/violation.h"

namespace basin::worker::train {
namespace {

constexpr uint32_t kSamePadding = 4294967295;

// Beyond these no machine could train: counts stay far from overflow.
constexpr int64_t kMaxValues = int64_t{1} << 30;
constexpr size_t kMaxParameters = size_t{1} << 49;

std::string InWords(const ImageShape& shape) {
  return shape.pixels() == 1 ? absl::StrCat(shape.channels, " values")
                             : absl::StrCat(shape.height, "x", shape.width, "x", shape.channels, " values");
}

int32_t DivideUp(int32_t a, int32_t b) { return (a + b - 1) / b; }

}  // namespace

struct NetworkShapeBuilder::Place {
  std::string path;    // Of the layer in the workload, or of the preset.
  bool listed;         // Whether `path` is the layer's.
  std::string number;  // `4`, or `4.residual.1`.
  std::string name;    // `4.conv2d`.

  absl::Status Fault(const std::string& field, const std::string& description) const {
    if (listed) {
      return contract::InvalidArgument({{field.empty() ? path : absl::StrCat(path, ".", field), description}});
    }
    return contract::InvalidArgument({{path, absl::StrCat("does not fit the data: layer ", name, ": ", description)}});
  }
};

NetworkShapeBuilder::NetworkShapeBuilder(int64_t features, const ImageShape& image) : is_image_(image.is_image()) {
  const ImageShape shape = is_image_ ? image : ImageShape{1, 1, static_cast<int32_t>(features)};
  shape_.nodes.push_back({.kind = NodeKind::kInput, .inputs = {}, .output = shape});
}

Node NetworkShapeBuilder::Next(NodeKind kind) const {
  return {.kind = kind, .inputs = {current_}, .output = current().output};
}

void NetworkShapeBuilder::Add(Node node) {
  shape_.nodes.push_back(std::move(node));
  current_ = static_cast<int32_t>(shape_.nodes.size()) - 1;
  shared_ = false;
}

void NetworkShapeBuilder::AddTensor(std::vector<ParameterTensor>* tensors, size_t* count, ParameterTensor tensor) {
  tensor.offset = *count;
  *count += tensor.size();
  tensors->push_back(std::move(tensor));
}

absl::Status NetworkShapeBuilder::CheckImage(const Place& place, const char* what) const {
  if (!is_image_) {
    return place.Fault("", absl::StrCat(what,
                                        " needs a data set of images; this one's features have no height and "
                                        "width (use dense layers)"));
  }
  if (flat_) {
    return place.Fault("", absl::StrCat(what, " cannot follow a dense layer, whose output is no image"));
  }
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddLayers(const google::protobuf::RepeatedPtrField<v1::Layer>& layers,
                                            const std::string& path, bool listed) {
  for (int i = 0; i < layers.size(); ++i) {
    const google::protobuf::OneofDescriptor* kind = layers[i].GetDescriptor()->oneof_decl(0);
    const std::string& kind_name = layers[i].GetReflection()->GetOneofFieldDescriptor(layers[i], kind)->name();
    const std::string number = absl::StrCat(prefix_, i);
    const Place place{listed ? absl::StrCat(path, ".layers[", i, "].", kind_name) : path, listed, number,
                      absl::StrCat(number, ".", kind_name)};
    if (absl::Status status = AddLayer(layers[i], place); !status.ok()) return status;
    if (current().output.size() > kMaxValues) {
      return place.Fault("", absl::StrCat("gives ", InWords(current().output), " an example, more than ", kMaxValues));
    }
  }
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddLayer(const v1::Layer& layer, const Place& place) {
  switch (layer.kind_case()) {
    case v1::Layer::kConv2D:
      return AddConvolution(layer.conv2d(), place);
    case v1::Layer::kBatchNorm:
      return AddNorm(NodeKind::kBatchNorm, place, layer.batch_norm().epsilon(), layer.batch_norm().momentum(), 1);
    case v1::Layer::kGroupNorm:
      return AddNorm(NodeKind::kGroupNorm, place, layer.group_norm().epsilon(), 0,
                     static_cast<int32_t>(layer.group_norm().groups()));
    case v1::Layer::kRelu:
      return AddActivation(Activation::kRelu);
    case v1::Layer::kGelu:
      return AddActivation(Activation::kGelu);
    case v1::Layer::kTanh:
      return AddActivation(Activation::kTanh);
    case v1::Layer::kMaxPool:
      return AddPool(NodeKind::kMaxPool, layer.max_pool().size(), layer.max_pool().stride(), place);
    case v1::Layer::kAveragePool:
      return AddPool(NodeKind::kAveragePool, layer.average_pool().size(), layer.average_pool().stride(), place);
    case v1::Layer::kGlobalAveragePool:
      return AddGlobalPool(place);
    case v1::Layer::kDropout: {
      if (layer.dropout().probability() == 0) return absl::OkStatus();
      Node node = Next(NodeKind::kDropout);
      node.probability = layer.dropout().probability();
      node.dropout = dropouts_++;
      Add(std::move(node));
      return absl::OkStatus();
    }
    case v1::Layer::kDense:
      return AddDense(layer.dense().units(), layer.dense().bias(), place);
    case v1::Layer::kResidual:
      return AddResidual(layer.residual(), place);
    case v1::Layer::KIND_NOT_SET:
      break;
  }
  return place.Fault("", "needs a kind of layer");
}

absl::Status NetworkShapeBuilder::AddWeights(Node node, int64_t fan_in, int64_t fan_out,
                                             std::vector<int64_t> dimensions, const Place& place) {
  const int64_t filters = node.output.channels;
  node.weight_rows = fan_in;
  node.weights = shape_.parameter_count;
  AddTensor(&shape_.parameters, &shape_.parameter_count,
            {absl::StrCat(place.name, ".weight"), ParameterRole::kWeight, 0, std::move(dimensions), fan_in, fan_out,
             weighted_});
  node.biases = shape_.parameter_count;
  if (node.has_bias) {
    AddTensor(&shape_.parameters, &shape_.parameter_count,
              {absl::StrCat(place.name, ".bias"), ParameterRole::kBias, 0, {filters}, fan_in, fan_out, weighted_});
  }
  ++weighted_;
  if (shape_.parameter_count > kMaxParameters) {
    return place.Fault("", absl::StrCat("brings the network to more than ", kMaxParameters, " parameters"));
  }
  Add(std::move(node));
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddConvolution(const v1::Conv2d& conv, const Place& place) {
  if (absl::Status status = CheckImage(place, "a convolution"); !status.ok()) return status;
  const ImageShape in = current().output;
  const auto kernel = static_cast<int32_t>(conv.kernel());
  const bool same = conv.padding() == kSamePadding;
  if (same && kernel % 2 == 0) {
    return place.Fault("padding", absl::StrCat("'same' needs an odd kernel, which is ", kernel,
                                               "; give the number of zeros on each side"));
  }
  if (!same && conv.padding() >= conv.kernel()) {
    return place.Fault("padding",
                       absl::StrCat("must be less than the kernel, which is ", kernel, ", is ", conv.padding()));
  }
  Node node = Next(NodeKind::kConvolution);
  node.kernel_height = node.kernel_width = kernel;
  node.stride = static_cast<int32_t>(conv.stride());
  node.padding = same ? (kernel - 1) / 2 : static_cast<int32_t>(conv.padding());
  node.has_bias = conv.bias();
  if (in.height + 2 * node.padding < kernel || in.width + 2 * node.padding < kernel) {
    return place.Fault("kernel", absl::StrCat(kernel, "x", kernel, " is larger than what it is applied to: ", in.height,
                                              "x", in.width, " with a padding of ", node.padding));
  }
  node.output = {(in.height + 2 * node.padding - kernel) / node.stride + 1,
                 (in.width + 2 * node.padding - kernel) / node.stride + 1, static_cast<int32_t>(conv.filters())};
  const int64_t window = int64_t{kernel} * kernel;
  return AddWeights(std::move(node), window * in.channels, window * conv.filters(),
                    {kernel, kernel, in.channels, conv.filters()}, place);
}

absl::Status NetworkShapeBuilder::AddNorm(NodeKind kind, const Place& place, double epsilon, double momentum,
                                          int32_t groups) {
  const int64_t channels = current().output.channels;
  if (channels % groups != 0) {
    return place.Fault("groups",
                       absl::StrCat("must divide the number of channels, which is ", channels, ", is ", groups));
  }
  if (kind == NodeKind::kGroupNorm && current().output.size() == groups) {
    return place.Fault("groups",
                       absl::StrCat("leaves one value a group, of ", channels, ": there is nothing to normalize"));
  }
  Node node = Next(kind);
  node.epsilon = epsilon;
  node.momentum = momentum;
  node.groups = groups;
  node.has_bias = true;
  node.weights = shape_.parameter_count;
  AddTensor(&shape_.parameters, &shape_.parameter_count,
            {absl::StrCat(place.name, ".scale"), ParameterRole::kNormScale, 0, {channels}});
  node.biases = shape_.parameter_count;
  AddTensor(&shape_.parameters, &shape_.parameter_count,
            {absl::StrCat(place.name, ".shift"), ParameterRole::kNormShift, 0, {channels}});
  if (kind == NodeKind::kBatchNorm) {
    node.buffers = shape_.buffer_count;
    AddTensor(&shape_.buffers, &shape_.buffer_count,
              {absl::StrCat(place.name, ".running_mean"), ParameterRole::kRunningMean, 0, {channels}});
    AddTensor(&shape_.buffers, &shape_.buffer_count,
              {absl::StrCat(place.name, ".running_variance"), ParameterRole::kRunningVariance, 0, {channels}});
  }
  Add(std::move(node));
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddPool(NodeKind kind, uint32_t size, uint32_t stride, const Place& place) {
  if (absl::Status status = CheckImage(place, "pooling"); !status.ok()) return status;
  const ImageShape in = current().output;
  Node node = Next(kind);
  node.kernel_height = node.kernel_width = static_cast<int32_t>(size);
  node.stride = static_cast<int32_t>(stride == 0 ? size : stride);
  if (in.height < node.kernel_height || in.width < node.kernel_width) {
    return place.Fault("size", absl::StrCat("a window of ", size, "x", size, " is larger than the ", in.height, "x",
                                            in.width, " pixels that are left"));
  }
  node.output.height = (in.height - node.kernel_height) / node.stride + 1;
  node.output.width = (in.width - node.kernel_width) / node.stride + 1;
  Add(std::move(node));
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddGlobalPool(const Place& place) {
  if (absl::Status status = CheckImage(place, "pooling"); !status.ok()) return status;
  Node node = Next(NodeKind::kAveragePool);
  node.kernel_height = node.output.height;
  node.kernel_width = node.output.width;
  node.output.height = node.output.width = 1;
  Add(std::move(node));
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddDense(uint32_t units, bool bias, const Place& place) {
  // The derivatives by a convolution's sums may lie with gaps, which a dense layer does not write around.
  if (current().kind == NodeKind::kConvolution && current().kernel_height > 1) Add(Next(NodeKind::kActivation));
  Node node = Next(NodeKind::kDense);
  const int64_t inputs = node.output.size();
  node.output = {1, 1, static_cast<int32_t>(units)};
  flat_ = true;
  node.has_bias = bias;
  return AddWeights(std::move(node), inputs, units, {inputs, units}, place);
}

absl::Status NetworkShapeBuilder::AddActivation(Activation activation) {
  Node& before = shape_.nodes[static_cast<size_t>(current_)];
  const bool can_hold = before.has_weights() || before.has_scale() || before.kind == NodeKind::kAdd;
  if (can_hold && before.activation == Activation::kNone && !shared_ && activation != Activation::kGelu) {
    before.activation = activation;
    return absl::OkStatus();
  }
  Node node = Next(NodeKind::kActivation);
  node.activation = activation;
  Add(std::move(node));
  return absl::OkStatus();
}

absl::Status NetworkShapeBuilder::AddResidual(const v1::Residual& residual, const Place& place) {
  const int32_t from = current_;
  shared_ = shared_ || residual.skip();
  const std::string prefix = std::exchange(prefix_, absl::StrCat(place.name, "."));
  if (absl::Status status = AddLayers(residual.layers(), place.path, place.listed); !status.ok()) return status;
  if (residual.skip() && current_ != from) {
    const int32_t branch = current_;
    if (absl::Status status = AddShortcut(from, residual, place); !status.ok()) return status;
    Node node = Next(NodeKind::kAdd);
    node.inputs = {branch, current_};
    Add(std::move(node));
  }
  prefix_ = prefix;
  return absl::OkStatus();
}

// Makes the shortcut's end the current node.
absl::Status NetworkShapeBuilder::AddShortcut(int32_t from, const v1::Residual& residual, const Place& place) {
  const ImageShape to = current().output;
  current_ = from;
  shared_ = true;
  const ImageShape in = current().output;
  if (in == to) return absl::OkStatus();
  const int32_t stride = to.height == 0 ? 1 : DivideUp(in.height, to.height);
  const bool fits = DivideUp(in.height, stride) == to.height && DivideUp(in.width, stride) == to.width;
  const bool projection = residual.shortcut() == v1::SHORTCUT_PROJECTION;
  if (!fits || (!projection && to.channels < in.channels)) {
    return place.Fault("layers", absl::StrCat("take ", InWords(in), " to ", InWords(to),
                                              ", to which no shortcut can be added: it leaves out pixels at a stride",
                                              projection ? "" : ", and adds channels of zeros"));
  }
  Node node = Next(projection ? NodeKind::kConvolution : NodeKind::kSubsample);
  node.output = to;
  node.stride = stride;
  if (!projection) {
    Add(std::move(node));
    return absl::OkStatus();
  }
  const bool norm = std::any_of(residual.layers().begin(), residual.layers().end(),
                                [](const v1::Layer& layer) { return layer.has_batch_norm(); });
  node.has_bias = !norm;
  Place shortcut = place;
  shortcut.name = absl::StrCat(place.name, ".shortcut.conv2d");
  absl::Status status =
      AddWeights(std::move(node), in.channels, to.channels, {1, 1, in.channels, to.channels}, shortcut);
  if (!status.ok() || !norm) return status;
  shortcut.name = absl::StrCat(place.name, ".shortcut.batch_norm");
  const v1::Layer& like = *std::find_if(residual.layers().begin(), residual.layers().end(),
                                        [](const v1::Layer& layer) { return layer.has_batch_norm(); });
  return AddNorm(NodeKind::kBatchNorm, shortcut, like.batch_norm().epsilon(), like.batch_norm().momentum(), 1);
}

absl::Status NetworkShapeBuilder::AddLogits(int32_t classes, int32_t index, const std::string& path) {
  return AddDense(static_cast<uint32_t>(classes), true,
                  {path, false, absl::StrCat(index), absl::StrCat(index, ".dense")});
}

NetworkShape NetworkShapeBuilder::Build() && {
  for (Node& node : shape_.nodes) {
    node.needs_delta = node.has_weights() || node.has_scale();
    for (const int32_t input : node.inputs) {
      Node& before = shape_.nodes[static_cast<size_t>(input)];
      node.needs_delta = node.needs_delta || before.needs_delta;
      before.border = std::max(before.border, node.padding);
      if (node.kind != NodeKind::kConvolution || !before.needs_delta) continue;
      const int32_t stride = node.stride;
      const auto beyond = [&](int32_t size, int32_t kernel, int32_t out) {
        const int32_t low = std::max(kernel - 1 - node.padding, 0) / stride;
        const int32_t high = (size - 1 + node.padding) / stride - (out - 1);
        return std::max({low, high, 0});
      };
      node.delta_border = std::max(beyond(before.output.height, node.kernel_height, node.output.height),
                                   beyond(before.output.width, node.kernel_width, node.output.width));
    }
  }
  return std::move(shape_);
}

}  // namespace basin::worker::train
