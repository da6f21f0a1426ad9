#pragma once

#include <cstdint>
#include <span>

#include "basin/v1/workload.pb.h"
#include "worker/train/network_shape.h"

namespace basin::worker::train {

// Fills the flat parameter vector: weights by `kind` (see basin.v1.Initialization), biases zero, or uniform like the
// weights for INITIALIZATION_UNIFORM; scales of normalizations one, shifts zero. The i-th layer with weights draws from
// stream (seed, kInitialization, i), in the order of the vector, so that a layer's weights depend on no other layer's
// size.
void Initialize(v1::Initialization kind, uint64_t seed, const NetworkShape& shape, std::span<float> params);

// Fills the flat vector of buffers: running means 0, variances 1.
void InitializeBuffers(const NetworkShape& shape, std::span<float> buffers);

}  // namespace basin::worker::train
