#include "worker/train/network_shape.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/violation.h"
#include "worker/train/model_layers.h"
#include "worker/train/network_shape_builder.h"

namespace basin::worker::train {

double NetworkShape::multiply_adds() const {
  double total = 0;
  for (const Node& node : nodes) {
    const auto pixels = static_cast<double>(node.output.pixels());
    if (node.has_weights()) {
      total += pixels * static_cast<double>(node.weight_rows) * node.output.channels;
    } else {
      total += pixels * node.output.channels * node.kernel_height * node.kernel_width;
    }
  }
  return total;
}

int64_t NetworkShape::values_per_example() const {
  const auto with_border = [](const ImageShape& image, int64_t border) {
    return (image.height + 2 * border) * (image.width + 2 * border) * image.channels;
  };
  int64_t total = 0;
  for (const Node& node : nodes) {
    if (node.kind != NodeKind::kInput || node.border > 0) total += with_border(node.output, node.border);
    if (node.needs_delta) total += with_border(node.output, node.delta_border);
    if (node.kind == NodeKind::kDropout) total += node.output.size();
  }
  return total;
}

absl::StatusOr<NetworkShape> ShapeOf(const v1::Model& model, int64_t features, const ImageShape& image,
                                     int32_t classes) {
  const v1::Sequential sequential = LayersOf(model);
  NetworkShapeBuilder builder(features, image);
  const bool listed = model.has_sequential();
  const std::string preset = model.has_lenet()    ? "train.model.lenet"
                             : model.has_vgg()    ? "train.model.vgg"
                             : model.has_resnet() ? "train.model.resnet"
                                                  : "train.model";
  if (model.has_resnet() && model.resnet().depth() % 6 != 2) {
    const uint32_t below = (model.resnet().depth() - 2) / 6 * 6 + 2;
    return contract::InvalidArgument(
        {{"train.model.resnet.depth",
          absl::StrCat("must be 6 n + 2, such as ", below, " or ", below + 6, ", is ", model.resnet().depth())}});
  }
  absl::Status status = builder.AddLayers(sequential.layers(), listed ? "train.model.sequential" : preset, listed);
  if (status.ok()) status = builder.AddLogits(classes, sequential.layers_size(), preset);
  if (!status.ok()) return status;
  return std::move(builder).Build();
}

absl::Status CheckBatches(const NetworkShape& shape, int64_t batch_size, int64_t micro_batch_size, int64_t examples,
                          bool drop_last) {
  if (!shape.has_batch_norm()) return absl::OkStatus();
  if (micro_batch_size == 1) {
    return contract::InvalidArgument(
        {{"train.batch_size",
          absl::StrCat(
              "must let at least 2 examples at a time through a network with batch_norm, which normalizes over "
              "them; is ",
              batch_size, batch_size == 1 ? "" : " in micro-batches of 1",
              "; group_norm works with single examples")}});
  }
  const bool ends_with_one = examples % batch_size % micro_batch_size == 1 && !drop_last;
  if (ends_with_one || batch_size % micro_batch_size == 1) {
    return contract::InvalidArgument(
        {{"train.batch_size",
          absl::StrCat("leaves a last batch of one example (", examples, " in batches of ", batch_size,
                       micro_batch_size < batch_size ? absl::StrCat(", each in parts of ", micro_batch_size) : "",
                       "), over which batch_norm cannot normalize: choose another size or set drop_last")}});
  }
  return absl::OkStatus();
}

}  // namespace basin::worker::train
