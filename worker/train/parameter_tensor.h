#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace basin::worker::train {

// What a tensor is for: decay, filter normalization and layer-wise rates treat the roles differently.
enum class ParameterRole {
  kWeight,     // Of a dense layer or a convolution.
  kBias,       // Added to a layer's sums.
  kNormScale,  // Gain of a normalization, one a channel.
  kNormShift,  // Offset of a normalization, one a channel.
  // Buffers: not trained, but averages of what training has seen, that evaluation reads.
  kRunningMean,
  kRunningVariance,
};

// A part of the flat vector of parameters, or of that of buffers. The tensors of a network lie there in order and
// without gaps.
struct ParameterTensor {
  // `0.dense.weight`, `4.residual.1.conv2d.bias`: the layer's place in its list, its kind, the role; unique.
  std::string name;
  ParameterRole role;
  size_t offset;               // Of the first element.
  std::vector<int64_t> shape;  // Row-major. A weight's last dimension is the layer's output units or channels.
  // Of a weight: the number that feed one output unit, and that one input unit feeds (of a convolution: times the
  // kernel's pixels).
  int64_t fan_in = 0, fan_out = 0;
  int32_t layer = 0;  // Of a weight and its bias: which of the layers with weights, from 0 in order.

  size_t size() const {
    size_t size = 1;
    for (const int64_t extent : shape) size *= static_cast<size_t>(extent);
    return size;
  }
  // A filter of a weight is what feeds one output unit: the elements offset + f + k * filters(), k = 0 .. fan_in - 1,
  // for f = 0 .. filters() - 1.
  int64_t filters() const { return shape.back(); }
};

}  // namespace basin::worker::train
