#include "worker/train/initialization.h"

#include <algorithm>
#include <cmath>

#include "proto/contract/random/philox.h"

namespace basin::worker::train {
namespace {

void FillNormal(contract::RandomStream& stream, double stddev, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(stddev * stream.NextNormal());
}

void FillUniform(contract::RandomStream& stream, double limit, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(limit * (2 * stream.NextUniform() - 1));
}

}  // namespace

void Initialize(v1::Initialization kind, uint64_t seed, const NetworkShape& shape, std::span<float> params) {
  for (size_t i = 0; i < shape.layers.size(); ++i) {
    const DenseLayer& layer = shape.layers[i];
    const std::span<float> weights = params.subspan(layer.weights, layer.biases - layer.weights);
    const std::span<float> biases = params.subspan(layer.biases, static_cast<size_t>(layer.outputs));
    const double fan_in = layer.inputs, fan_out = layer.outputs;
    contract::RandomStream stream(seed, contract::RandomPurpose::kInitialization, i);
    std::fill(biases.begin(), biases.end(), 0.0f);
    switch (kind) {
      case v1::INITIALIZATION_GLOROT:
        FillUniform(stream, std::sqrt(6 / (fan_in + fan_out)), weights);
        break;
      case v1::INITIALIZATION_LECUN:
        FillNormal(stream, std::sqrt(1 / fan_in), weights);
        break;
      case v1::INITIALIZATION_UNIFORM:
        FillUniform(stream, 1 / std::sqrt(fan_in), weights);
        FillUniform(stream, 1 / std::sqrt(fan_in), biases);
        break;
      default:
        FillNormal(stream, std::sqrt(2 / fan_in), weights);
        break;
    }
  }
}

}  // namespace basin::worker::train
