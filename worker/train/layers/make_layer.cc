#include <cstdlib>
#include <memory>

#include "worker/train/layers/activation.h"
#include "worker/train/layers/add.h"
#include "worker/train/layers/convolution.h"
#include "worker/train/layers/dense.h"
#include "worker/train/layers/dropout.h"
#include "worker/train/layers/group_norm.h"
#include "worker/train/layers/layer.h"
#include "worker/train/layers/pooling.h"
#include "worker/train/layers/winograd_convolution.h"

namespace basin::worker::train {

template <typename T>
std::unique_ptr<Layer<T>> MakeLayer(const NetworkShape& shape, const Node& node) {
  switch (node.kind) {
    case NodeKind::kDense:
      return std::make_unique<Dense<T>>(shape, node);
    case NodeKind::kConvolution:
      if (WinogradConvolution<T>::Suits(shape, node)) return std::make_unique<WinogradConvolution<T>>(shape, node);
      return std::make_unique<Convolution<T>>(shape, node);
    case NodeKind::kGroupNorm:
      return std::make_unique<GroupNormLayer<T>>(shape, node);
    case NodeKind::kActivation:
      return std::make_unique<ActivationLayer<T>>(shape, node);
    case NodeKind::kMaxPool:
      return std::make_unique<MaxPoolLayer<T>>(shape, node);
    case NodeKind::kAveragePool:
      return std::make_unique<AveragePoolLayer<T>>(shape, node);
    case NodeKind::kDropout:
      return std::make_unique<DropoutLayer<T>>(shape, node);
    case NodeKind::kAdd:
      return std::make_unique<Add<T>>(shape, node);
    case NodeKind::kSubsample:
      return std::make_unique<Subsample<T>>(shape, node);
    case NodeKind::kInput:
    case NodeKind::kBatchNorm:
      break;
  }
  std::abort();
}

template std::unique_ptr<Layer<float>> MakeLayer<float>(const NetworkShape&, const Node&);
template std::unique_ptr<Layer<double>> MakeLayer<double>(const NetworkShape&, const Node&);

}  // namespace basin::worker::train
