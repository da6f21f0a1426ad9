#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/job/training_identity.h"
#include "worker/train/trainer.h"

// A trained network as a file: safetensors whose tensors have the names and shapes of train::NetworkShape, parameters
// and then buffers, as float32; the bytes of these in their order are those of the trial's weights digest. Behind them,
// with the prefix `swa.` or `ema.`, the same of each average, and with `ensemble.0.`, the oldest, and so on of each
// member of the ensemble. The metadata say of what training, and the digest.
namespace basin::worker::job {

// Where a training was.
struct TrainingPlace {
  uint64_t step = 0, examples = 0;  // Updates done, and examples used for them.
  double epoch = 0;
};

// What the job hands out at its end.
struct Weights {
  uint64_t step = 0;  // Updates after which they were so.
  std::string bytes;
};

// Of a training that has finished: its own weights, as they were at `place`, and unless `averages` is false its
// averages over them.
Weights WriteWeights(const TrainingIdentity& identity, const TrainingPlace& place, bool averages,
                     train::Trainer& trainer);

// A training's own weights.
struct StoredWeights {
  TrainingPlace place;
  std::vector<float> params, buffers;
  std::string digest;  // The trial's weights digest.
};

// What WriteWeights wrote, without averages. FAILED_PRECONDITION for a file of another training or network, DATA_LOSS
// for one that is damaged.
absl::StatusOr<StoredWeights> ReadWeights(std::string_view bytes, const TrainingIdentity& identity,
                                          const train::NetworkShape& shape);

}  // namespace basin::worker::job
