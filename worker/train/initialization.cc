#include "worker/train/initialization.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "proto/contract/random/philox.h"

namespace basin::worker::train {
namespace {

void FillNormal(contract::RandomStream& stream, double stddev, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(stddev * stream.NextNormal());
}

void FillUniform(contract::RandomStream& stream, double limit, std::span<float> values) {
  for (float& value : values) value = static_cast<float>(limit * (2 * stream.NextUniform() - 1));
}

void FillWeights(v1::Initialization kind, const ParameterTensor& tensor, contract::RandomStream& stream,
                 std::span<float> weights) {
  const auto fan_in = static_cast<double>(tensor.fan_in), fan_out = static_cast<double>(tensor.fan_out);
  switch (kind) {
    case v1::INITIALIZATION_GLOROT:
      FillUniform(stream, std::sqrt(6 / (fan_in + fan_out)), weights);
      break;
    case v1::INITIALIZATION_LECUN:
      FillNormal(stream, std::sqrt(1 / fan_in), weights);
      break;
    case v1::INITIALIZATION_UNIFORM:
      FillUniform(stream, 1 / std::sqrt(fan_in), weights);
      break;
    default:
      FillNormal(stream, std::sqrt(2 / fan_in), weights);
      break;
  }
}

}  // namespace

void Initialize(v1::Initialization kind, uint64_t seed, const NetworkShape& shape, std::span<float> params) {
  std::optional<contract::RandomStream> stream;
  for (const ParameterTensor& tensor : shape.parameters) {
    const std::span<float> values = params.subspan(tensor.offset, tensor.size());
    switch (tensor.role) {
      case ParameterRole::kWeight:
        stream.emplace(seed, contract::RandomPurpose::kInitialization, static_cast<uint64_t>(tensor.layer));
        FillWeights(kind, tensor, *stream, values);
        break;
      case ParameterRole::kBias:  // Behind its weight, and from the same stream.
        std::fill(values.begin(), values.end(), 0.0f);
        if (kind == v1::INITIALIZATION_UNIFORM) {
          FillUniform(*stream, 1 / std::sqrt(static_cast<double>(tensor.fan_in)), values);
        }
        break;
      case ParameterRole::kNormScale:
        std::fill(values.begin(), values.end(), 1.0f);
        break;
      default:
        std::fill(values.begin(), values.end(), 0.0f);
        break;
    }
  }
}

void InitializeBuffers(const NetworkShape& shape, std::span<float> buffers) {
  for (const ParameterTensor& tensor : shape.buffers) {
    const std::span<float> values = buffers.subspan(tensor.offset, tensor.size());
    std::fill(values.begin(), values.end(), tensor.role == ParameterRole::kRunningVariance ? 1.0f : 0.0f);
  }
}

}  // namespace basin::worker::train
