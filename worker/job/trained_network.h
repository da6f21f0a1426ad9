#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/workload.pb.h"
#include "worker/analysis/loss_plane.h"
#include "worker/job/job.h"
#include "worker/job/training_data.h"
#include "worker/job/training_identity.h"
#include "worker/train/loss.h"
#include "worker/train/network_shape.h"
#include "worker/train/trainer.h"

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

// What is to be trained, and how. What it refers to outlives it.
struct TrainingRequest {
  const v1::TrainWorkload& workload;
  std::string prefix;  // The path of the message whose `train` it is.
  uint64_t seed;
  const LoadedData& data;
  const JobContext& context;

  TrainingIdentity Identity() const;
  // The same for the same training of the same data.
  std::string Key() const;
};

// Sees a training on its way.
class TrainingVisitor {
 public:
  virtual ~TrainingVisitor() = default;
  // Before the first step; the training is not begun if that gives an error.
  virtual absl::Status Begin(const train::Trainer& trainer) = 0;
  // As Trainer::Run reports.
  virtual void Evaluated(const train::Trainer& trainer, const train::EpochReport& report) = 0;
};

// Trains from the start to the end. `visitor` may be null.
//
// INVALID_ARGUMENT, naming a field of the training; CANCELLED once the control says stop; RESOURCE_EXHAUSTED. Throws
// std::bad_alloc.
absl::StatusOr<std::shared_ptr<const TrainedNetwork>> TrainNetwork(const TrainingRequest& request,
                                                                   TrainingVisitor* visitor);

// The end of a training, whose trial gives the same bits: read, if some trial has kept its weights and the context can
// get them, else trained here, once for all trials of this process that want it within a while. Errors as
// TrainNetwork's.
absl::StatusOr<std::shared_ptr<const TrainedNetwork>> GetTrainedNetwork(const TrainingRequest& request);

}  // namespace basin::worker::job
