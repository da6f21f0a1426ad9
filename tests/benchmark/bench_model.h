#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "basin/v1/model.pb.h"
#include "worker/train/image_shape.h"
#include "worker/train/network_shape.h"

namespace basin::benchmark {

// A model as bench_train and compare_pytorch write it: its kind, a colon, and what its layers have, from the input on,
// with dashes between.
//
//   mlp:784-128-10         dense layers with ReLU between them
//   softmax:784-10         one dense layer
//   conv:28x28x1-16-32-10  height x width x channels; 3x3 convolutions, each with ReLU and a max pool of 2; dense
//   resnet20:32x32x3-10    a ResNet for CIFAR, of this depth
struct BenchModel {
  v1::Model model;
  worker::train::ImageShape image;  // None for a table.
  int32_t features = 0, classes = 0;

  // Null if the text is none of these.
  static std::optional<BenchModel> Parse(const std::string& text);
};

// Of one example's training step: two for each multiply-add of the products forward, for the weights' gradient, and for
// the derivatives by a layer's input where they are needed.
double FlopsPerExample(const worker::train::NetworkShape& shape);

}  // namespace basin::benchmark
