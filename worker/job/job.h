#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "basin/v1/trial.pb.h"
#include "basin/v1/workload.pb.h"
#include "worker/job/checkpoint.h"
#include "worker/job/job_control.h"
#include "worker/job/training_identity.h"
#include "worker/job/weights.h"

namespace basin::worker::data {
class Catalog;
}

namespace basin::worker::job {

enum class JobOutcome {
  kSucceeded,
  kDiverged,  // `message` names the step.
  kInvalid,   // A fault between the workload's fields, or damaged data; `message` names the field or the file.
  kError,     // Of this machine: out of memory, an unreadable file.
  kStopped,   // The control said so.
};

struct JobResult {
  JobOutcome outcome = JobOutcome::kError;
  // What went wrong; of a success, why it ended before its length, if it did.
  std::string message;
  std::string weights_digest;  // SHA-256, hex, of the final parameters as float32 little endian.
  std::string data_digest;
  uint64_t first_step = 0;  // Updates that were in the checkpoint from which it went on.
};

// Final weights that some trial may have kept.
struct WantedWeights {
  TrainingIdentity identity;
  std::string dataset;  // As workers announce it.
};
// What is done with the file that WriteWeights made of them; an error says why it can't be used.
using UseWeights = std::function<absl::Status(std::string_view bytes)>;

struct JobContext {
  const data::Catalog* catalog = nullptr;
  // Threads to use inside the trial, the caller's included; the result does not depend on it.
  int threads = 1;
  // Called on the job's thread with the points of each evaluation, in order.
  std::function<void(std::span<const v1::MetricPoint>)> report;
  // Seconds since the trial began here, for its limit of time and its time to a target; a steady clock unless set.
  std::function<double()> seconds;
  // Ends after so many updates, as a limit of time did in the run that is repeated; 0: where the workload ends.
  uint64_t last_step = 0;
  // Looked at between steps; may be null.
  JobControl* control = nullptr;
  // Takes a checkpoint, on the job's thread: when the control or `checkpoint_epochs` asks for one, and when it stops
  // the job. What was reported before belongs to it. Empty: none are made.
  std::function<void(Checkpoint)> save_checkpoint;
  // Takes the final weights of a training that has finished, on the job's thread, before RunJob returns. Empty: nobody
  // wants them.
  std::function<void(Weights)> save_weights;
  // Hands the file to `use` if it is at hand; else, or where that fails, what needs the weights trains again. Called on
  // the job's thread. Empty: there never is one.
  std::function<void(const WantedWeights& wanted, const UseWeights& use)> use_stored_weights;
  // A checkpoint each so many epochs; 0: none.
  uint64_t checkpoint_epochs = 0;
  // Gives a checkpoint to go on from, or nothing to begin at the start. When one can't be used, it is asked for
  // another, with the reason; at first with OK. Empty: nothing.
  std::function<std::optional<std::string>(const absl::Status& fault)> load_checkpoint;
};

// Computes one trial: a resolved workload (defaults filled in) and a seed. Blocks until the end; throws nothing. Safe
// to call from several threads at once, each with a context of its own.
JobResult RunJob(const v1::Workload& workload, uint64_t seed, const JobContext& context);

// Digest of a fixed self-test: trains small networks through every kernel of the engine and digests the weights. Two
// machines with the same fingerprint compute the same bits. Takes well under a second; computed once.
std::string EngineFingerprint();

}  // namespace basin::worker::job
