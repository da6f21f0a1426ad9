#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace basin::worker::analysis {

// The plane in which a training moved most: the principal directions of its weights' differences from the last ones
// (Li et al. 2018, section 7).
struct TrajectoryPlane {
  std::vector<std::vector<float>> directions;  // Unit vectors, the principal first, each orthogonal to the others.
  std::vector<double> explained;               // The share of the sum of squared differences that lies along each.
  // Of each of the weights, in order, its difference from the last along each direction.
  std::vector<std::vector<double>> coordinates;
};

// Of weights of one size, in the order of the training; by the Gram matrix of the differences, which is small. No more
// than `count` directions, and no more than there are. FAILED_PRECONDITION if the weights do not move.
absl::StatusOr<TrajectoryPlane> PrincipalDirections(std::span<const std::vector<float>> weights, int count);

}  // namespace basin::worker::analysis
