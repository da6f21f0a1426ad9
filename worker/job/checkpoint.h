#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "basin/v1/workload.pb.h"
#include "worker/job/training_identity.h"
#include "worker/train/trainer.h"

// A training between two steps as a file: safetensors whose tensors are the values of Trainer::VisitState, by name, and
// whose metadata say of what.
namespace basin::worker::job {

// What the job hands out while it trains.
struct Checkpoint {
  uint64_t step = 0;
  std::string bytes;
};

Checkpoint WriteCheckpoint(const TrainingIdentity& identity, train::Trainer& trainer);

// Sets the trainer's state. DATA_LOSS for a damaged file, FAILED_PRECONDITION for one of another training, engine or
// format, with a sentence that says which; after an error the trainer is not to be used.
absl::Status ReadCheckpoint(std::string_view bytes, const TrainingIdentity& identity, train::Trainer* trainer);

}  // namespace basin::worker::job
