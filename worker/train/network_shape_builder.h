#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "basin/v1/model.pb.h"
#include "worker/train/network_shape.h"

namespace basin::worker::train {

// Makes a NetworkShape from a list of layers. After an error it is of no use.
class NetworkShapeBuilder {
 public:
  NetworkShapeBuilder(int64_t features, const ImageShape& image);

  // Adds layers behind what is there. `path` is where the list stands in the workload, in its field `layers` if
  // `listed`; otherwise all faults are reported there, as those of a preset.
  absl::Status AddLayers(const google::protobuf::RepeatedPtrField<v1::Layer>& layers, const std::string& path,
                         bool listed);
  // Adds the dense layer that ends the network, `index` in the list.
  absl::Status AddLogits(int32_t classes, int32_t index, const std::string& path);

  NetworkShape Build() &&;

 private:
  struct Place;  // Of a layer, in the workload and in names.

  absl::Status AddLayer(const v1::Layer& layer, const Place& place);
  absl::Status AddConvolution(const v1::Conv2d& conv, const Place& place);
  absl::Status AddNorm(NodeKind kind, const Place& place, double epsilon, double momentum, int32_t groups);
  absl::Status AddPool(NodeKind kind, uint32_t size, uint32_t stride, const Place& place);
  absl::Status AddGlobalPool(const Place& place);
  absl::Status AddDense(uint32_t units, bool bias, const Place& place);
  absl::Status AddActivation(Activation activation);
  absl::Status AddResidual(const v1::Residual& residual, const Place& place);
  absl::Status AddShortcut(int32_t from, const v1::Residual& residual, const Place& place);

  const Node& current() const { return shape_.nodes[static_cast<size_t>(current_)]; }
  // A node that follows the current one and has its output's shape.
  Node Next(NodeKind kind) const;
  void Add(Node node);
  absl::Status CheckImage(const Place& place, const char* what) const;
  absl::Status AddWeights(Node node, int64_t fan_in, int64_t fan_out, std::vector<int64_t> dimensions,
                          const Place& place);
  void AddTensor(std::vector<ParameterTensor>* tensors, size_t* count, ParameterTensor tensor);

  NetworkShape shape_;
  const bool is_image_;
  int32_t current_ = 0;   // The node whose output the next layer takes.
  bool shared_ = false;   // Others read it too.
  int32_t weighted_ = 0;  // Layers with weights so far.
  int32_t dropouts_ = 0;
  bool flat_ = false;   // Behind a dense layer there are no images any more.
  std::string prefix_;  // Of names inside a residual block.
};

}  // namespace basin::worker::train
