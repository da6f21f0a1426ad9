#pragma once

#include <cstdint>
#include <string>

#include "worker/job/training_identity.h"
#include "worker/train/trainer.h"

// A trained network as a file: safetensors whose tensors have the names and shapes of train::NetworkShape, parameters
// and then buffers, as float32; the bytes of these in their order are those of the trial's weights digest. Behind them,
// with the prefix `swa.` or `ema.`, the same of each average, and with `ensemble.0.`, the oldest, and so on of each
// member of the ensemble. The metadata say of what training, and the digest.
namespace basin::worker::job {

// What the job hands out at its end.
struct Weights {
  uint64_t step = 0;  // Updates after which they were so.
  std::string bytes;
};

// Of a training that has finished: its own weights, and unless `averages` is false its averages over them.
Weights WriteWeights(const TrainingIdentity& identity, uint64_t step, bool averages, train::Trainer& trainer);

}  // namespace basin::worker::job
