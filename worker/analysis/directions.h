#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "worker/train/parameter_tensor.h"

namespace basin::worker::analysis {

// Scales each filter of `direction` to the norm of the model's same filter, so that networks whose weights differ in
// scale, which a ReLU or a norm makes up for, are looked at in the same units; what is not a weight (biases, scales and
// shifts of normalizations) becomes zero (Li et al. 2018). A filter is what feeds one output unit or channel, see
// ParameterTensor. A filter of the direction that is zero stays so.
void NormalizeFilters(std::span<const train::ParameterTensor> tensors, std::span<const float> params,
                      std::span<float> direction);

// A direction with standard normal elements, filter-normalized; number `number` of the seed.
std::vector<float> RandomDirection(std::span<const train::ParameterTensor> tensors, std::span<const float> params,
                                   uint64_t seed, uint32_t number);

// FAILED_PRECONDITION if a direction is zero or not finite, or if the two are parallel and span no plane: if the sine
// of the angle between them is below 1e-4. `other` may be empty: a line.
absl::Status CheckDirections(std::span<const float> direction, std::span<const float> other);

}  // namespace basin::worker::analysis
