#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "basin/v1/workload.pb.h"
#include "worker/train/parameter_tensor.h"

namespace basin::worker::train {

enum class Activation { kNone, kRelu, kTanh };

// A dense layer as a view into the flat parameter vector: y = activation(x W + b).
struct DenseLayer {
  int32_t inputs;
  int32_t outputs;
  Activation activation;
  size_t
      weights;  // Offset of W: inputs x outputs, row-major (the weight from input i to output j is at i * outputs + j).
  size_t biases;  // Offset of b: outputs; right behind W.
};

// A feed-forward network's layers. The flat parameter vector is the layers in order, from the input on, each its
// weights and then its biases, without gaps.
struct NetworkShape {
  std::vector<DenseLayer> layers;
  size_t parameter_count = 0;
  // The same as tensors with names, in the order of the flat vector, which they cover.
  std::vector<ParameterTensor> parameters;

  int32_t inputs() const { return layers.front().inputs; }
  int32_t classes() const { return layers.back().outputs; }
  // The greatest number of units of a layer, the input left out.
  int32_t widest() const;
};

// The shape of `model` between `inputs` features and `classes` logits. REQUIRES: the model's rules hold.
NetworkShape ShapeOf(const v1::Model& model, int32_t inputs, int32_t classes);

}  // namespace basin::worker::train
