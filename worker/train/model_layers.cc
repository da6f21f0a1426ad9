#include "worker/train/model_layers.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "proto/contract/defaults.h"

namespace basin::worker::train {
namespace {

using Layers = google::protobuf::RepeatedPtrField<v1::Layer>;

v1::Conv2d* AddConvolution(uint32_t filters, uint32_t kernel, bool bias, Layers* layers) {
  v1::Conv2d* conv = layers->Add()->mutable_conv2d();
  conv->set_filters(filters);
  conv->set_kernel(kernel);
  conv->set_bias(bias);
  return conv;
}

void AddActivation(v1::Activation activation, Layers* layers) {
  switch (activation) {
    case v1::ACTIVATION_TANH:
      layers->Add()->mutable_tanh();
      break;
    case v1::ACTIVATION_GELU:
      layers->Add()->mutable_gelu();
      break;
    default:
      layers->Add()->mutable_relu();
      break;
  }
}

void AddMlp(const v1::Mlp& mlp, Layers* layers) {
  for (const uint32_t units : mlp.hidden()) {
    layers->Add()->mutable_dense()->set_units(units);
    AddActivation(mlp.activation(), layers);
  }
}

void AddLeNet(const v1::LeNet& lenet, Layers* layers) {
  const v1::Activation activation = lenet.modern() ? v1::ACTIVATION_RELU : v1::ACTIVATION_TANH;
  const auto add_pool = [&] {
    if (lenet.modern()) {
      layers->Add()->mutable_max_pool();
    } else {
      layers->Add()->mutable_average_pool();
    }
  };
  AddConvolution(6, 5, true, layers);
  AddActivation(activation, layers);
  add_pool();
  AddConvolution(16, 5, true, layers)->set_padding(0);
  AddActivation(activation, layers);
  add_pool();
  for (const uint32_t units : {120u, 84u}) {
    layers->Add()->mutable_dense()->set_units(units);
    AddActivation(activation, layers);
  }
}

void AddVgg(const v1::Vgg& vgg, Layers* layers) {
  for (int block = 0; block < vgg.blocks_size(); ++block) {
    for (uint32_t i = 0; i < vgg.blocks(block); ++i) {
      AddConvolution(vgg.width() << std::min(block, 3), 3, !vgg.batch_norm(), layers);
      if (vgg.batch_norm()) layers->Add()->mutable_batch_norm();
      layers->Add()->mutable_relu();
    }
    layers->Add()->mutable_max_pool();
  }
  for (const uint32_t units : vgg.hidden()) {
    layers->Add()->mutable_dense()->set_units(units);
    layers->Add()->mutable_relu();
    if (vgg.dropout() > 0) layers->Add()->mutable_dropout()->set_probability(vgg.dropout());
  }
}

void AddResNet(const v1::ResNet& resnet, Layers* layers) {
  AddConvolution(resnet.width(), 3, false, layers);
  layers->Add()->mutable_batch_norm();
  layers->Add()->mutable_relu();
  const uint32_t blocks = (resnet.depth() - 2) / 6;
  for (int stage = 0; stage < 3; ++stage) {
    for (uint32_t block = 0; block < blocks; ++block) {
      v1::Residual* residual = layers->Add()->mutable_residual();
      residual->set_skip(resnet.skip_connections());
      Layers* inner = residual->mutable_layers();
      AddConvolution(resnet.width() << stage, 3, false, inner)->set_stride(stage > 0 && block == 0 ? 2 : 1);
      inner->Add()->mutable_batch_norm();
      inner->Add()->mutable_relu();
      AddConvolution(resnet.width() << stage, 3, false, inner);
      inner->Add()->mutable_batch_norm();
      layers->Add()->mutable_relu();
    }
  }
  layers->Add()->mutable_global_average_pool();
}

}  // namespace

v1::Sequential LayersOf(const v1::Model& model) {
  if (model.has_sequential()) return model.sequential();
  v1::Sequential result;
  Layers* layers = result.mutable_layers();
  if (model.has_mlp()) AddMlp(model.mlp(), layers);
  if (model.has_lenet()) AddLeNet(model.lenet(), layers);
  if (model.has_vgg()) AddVgg(model.vgg(), layers);
  if (model.has_resnet()) AddResNet(model.resnet(), layers);
  contract::FillDefaults(&result);
  return result;
}

}  // namespace basin::worker::train
