#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/analysis/loss_plane.h"
#include "worker/job/trained_network.h"
#include "worker/job/weights.h"

namespace basin::worker::job {

// The weights of a training on its way, in order: those at the start, after each so many epochs, and the final ones.
struct TrainingPath {
  using Place = TrainingPlace;
  std::shared_ptr<const TrainedNetwork> network;
  std::vector<Place> places;                        // At ascending steps.
  std::vector<std::vector<float>> params, buffers;  // At each of them.
};

// Which weights a path has.
struct PathSettings {
  uint64_t every_epochs;
  std::string field;  // The path of the field that says so.
};

// Trains, and keeps the way. Of a training that diverged the network alone is of use. INVALID_ARGUMENT, naming the
// field, if the weights would be more than are kept; else as TrainNetwork.
absl::StatusOr<TrainingPath> TrainWithPath(const TrainingRequest& request, const PathSettings& settings);

// The plane in which a training moved most, through its final weights: directions of length 1.
struct PrincipalPlane {
  std::shared_ptr<const TrainedNetwork> network;
  analysis::FlatVectors first, second;  // Empty if the training diverged.
};

// Trained once for all trials of this process that want it within a while. FAILED_PRECONDITION, naming `field`, if the
// path lies on a line; else as TrainWithPath.
absl::StatusOr<std::shared_ptr<const PrincipalPlane>> GetPrincipalPlane(const TrainingRequest& request,
                                                                        const PathSettings& settings);

}  // namespace basin::worker::job
