#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "worker/train/image_shape.h"
#include "worker/train/parameter_tensor.h"

namespace basin::worker::train {

enum class Activation { kNone, kRelu, kTanh, kGelu };

enum class NodeKind {
  kInput,        // The examples' features.
  kDense,        // activation(x W + b): one pixel of units.
  kConvolution,  // The same of each window.
  kBatchNorm,
  kGroupNorm,
  kActivation,  // Alone: where it cannot be part of the node before. kNone copies.
  kMaxPool,
  kAveragePool,
  kDropout,
  kAdd,        // Of two inputs.
  kSubsample,  // Every stride-th pixel, and zeros in the channels that the input does not have.
};

// A step of the network's computation. Weights are a matrix, row-major: a row for each input of a filter (of a window:
// its rows, their pixels, their channels), a column a filter.
struct Node {
  NodeKind kind;
  std::vector<int32_t> inputs;  // Nodes before it.
  ImageShape output;
  Activation activation = Activation::kNone;  // What is done to the output; kGelu in a kActivation alone.

  // Windows: their size, the pixels from one to the next, and the zeros around the input.
  int32_t kernel_height = 1, kernel_width = 1, stride = 1, padding = 0;

  // Offsets into the parameters: of W, or a normalization's scales; of b (if has_bias), or the shifts.
  size_t weights = 0, biases = 0;
  bool has_bias = false;
  int64_t weight_rows = 0;  // Of W; 0 for nodes without one.
  size_t buffers = 0;       // Offset of the running means; the variances lie right behind them.
  int32_t groups = 1;       // Of a group norm.
  double epsilon = 0, momentum = 0;
  double probability = 0;  // Of a dropout.
  int32_t dropout = 0;     // Which of the dropouts.

  // Zeros stored around the values, for convolutions that read beyond the image, and around the derivatives by the
  // node's sums, for this convolution's own derivative by its input.
  int32_t border = 0, delta_border = 0;
  // Derivatives by the output are needed: there are parameters in it or before it.
  bool needs_delta = false;

  bool has_weights() const { return weight_rows > 0; }
  bool has_scale() const { return kind == NodeKind::kBatchNorm || kind == NodeKind::kGroupNorm; }
};

// A network: nodes in an order in which each comes after its inputs, the first one the input, the last one the logits;
// and the flat vectors of its parameters and buffers, which are the nodes' in order, each its weights and then its
// biases (or scales and then shifts; running means and then variances), without gaps.
struct NetworkShape {
  std::vector<Node> nodes;
  size_t parameter_count = 0, buffer_count = 0;
  std::vector<ParameterTensor> parameters, buffers;

  int64_t inputs() const { return nodes.front().output.size(); }
  int32_t classes() const { return nodes.back().output.channels; }
  bool has_batch_norm() const { return buffer_count > 0; }
  // Of one example's way forward.
  double multiply_adds() const;
  // Numbers that one example needs for training, between all nodes, borders included.
  int64_t values_per_example() const;
};

// The network of `model` between an example's features and `classes` logits. `image` may be none (no is_image()). The
// activation behind a node becomes part of it where nobody else reads the node's output.
//
// INVALID_ARGUMENT, with the path of the field (`train.model...`), if a layer cannot work on what comes before it, or
// if the network is beyond any machine. REQUIRES: the model's rules hold; features above 0.
absl::StatusOr<NetworkShape> ShapeOf(const v1::Model& model, int64_t features, const ImageShape& image,
                                     int32_t classes);

// INVALID_ARGUMENT (`train.batch_size`) if the network has a batch norm, and it would see a single example at once, of
// `examples` in batches of `batch_size`, each in micro-batches of `micro_batch_size`.
absl::Status CheckBatches(const NetworkShape& shape, int64_t batch_size, int64_t micro_batch_size, int64_t examples,
                          bool drop_last);

}  // namespace basin::worker::train
