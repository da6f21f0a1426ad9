#pragma once

#include "basin/v1/model.pb.h"

namespace basin::worker::train {

// The model as a list of layers, without the last dense layer: presets written out. REQUIRES: the model's rules hold.
v1::Sequential LayersOf(const v1::Model& model);

}  // namespace basin::worker::train
