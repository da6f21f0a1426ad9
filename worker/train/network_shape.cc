#include "worker/train/network_shape.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace basin::worker::train {

int32_t NetworkShape::widest() const {
  int32_t widest = 0;
  for (const DenseLayer& layer : layers) widest = std::max(widest, layer.outputs);
  return widest;
}

NetworkShape ShapeOf(const v1::Model& model, int32_t inputs, int32_t classes) {
  NetworkShape shape;
  const auto add = [&shape](int32_t from, int32_t to, Activation activation) {
    const size_t weights = shape.parameter_count;
    const size_t biases = weights + static_cast<size_t>(from) * static_cast<size_t>(to);
    shape.layers.push_back({from, to, activation, weights, biases});
    shape.parameter_count = biases + static_cast<size_t>(to);
    const auto layer = static_cast<int32_t>(shape.layers.size() - 1);
    shape.parameters.push_back(
        {absl::StrCat(layer, ".dense.weight"), ParameterRole::kWeight, weights, {from, to}, from, to, layer});
    shape.parameters.push_back({absl::StrCat(layer, ".dense.bias"), ParameterRole::kBias, biases, {to}, 0, 0, layer});
  };
  int32_t units = inputs;
  if (model.has_mlp()) {
    const Activation activation =
        model.mlp().activation() == v1::ACTIVATION_TANH ? Activation::kTanh : Activation::kRelu;
    for (const uint32_t hidden : model.mlp().hidden()) {
      add(units, static_cast<int32_t>(hidden), activation);
      units = static_cast<int32_t>(hidden);
    }
  }
  add(units, classes, Activation::kNone);
  return shape;
}

}  // namespace basin::worker::train
