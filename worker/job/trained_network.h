#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "worker/analysis/loss_plane.h"
#include "worker/job/job_control.h"
#include "worker/job/training_data.h"
#include "worker/train/loss.h"
#include "worker/train/network_shape.h"

namespace basin::worker::job {

// What is left of a training.
struct TrainedNetwork {
  std::string key;         // The same for the same training of the same data.
  std::string divergence;  // Says why there are no weights; empty if there are.
  train::NetworkShape shape;
  train::Loss loss;
  analysis::FlatVectors weights;
  std::string weights_digest;
  uint64_t step = 0, examples = 0;
  double epoch = 0;
};

// The end of a training, whose trial gives the same bits: trained here, once for all trials of this process that want
// it within a while. `prefix` is the path of the message whose `train` it is.
//
// INVALID_ARGUMENT, naming a field of the training; CANCELLED once `control` (may be null) says stop;
// RESOURCE_EXHAUSTED. Throws std::bad_alloc.
absl::StatusOr<std::shared_ptr<const TrainedNetwork>> GetTrainedNetwork(const v1::TrainWorkload& workload,
                                                                        const std::string& prefix, uint64_t seed,
                                                                        const LoadedData& data, int threads,
                                                                        JobControl* control);

}  // namespace basin::worker::job
