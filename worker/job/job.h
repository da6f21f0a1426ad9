#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "basin/v1/trial.pb.h"
#include "basin/v1/workload.pb.h"

namespace basin::worker::data {
class Catalog;
}

namespace basin::worker::job {

enum class JobOutcome {
  kSucceeded,
  kDiverged,  // `message` names the step.
  kInvalid,   // A fault between the workload's fields, or damaged data; `message` names the field or the file.
  kError,     // Of this machine: out of memory, an unreadable file.
  kStopped,   // `stop` was set.
};

struct JobResult {
  JobOutcome outcome = JobOutcome::kError;
  std::string message;
  std::string weights_digest;  // SHA-256, hex, of the final parameters as float32 little endian.
  std::string data_digest;
};

struct JobContext {
  const data::Catalog* catalog = nullptr;
  // Threads to use inside the trial, the caller's included; the result does not depend on it.
  int threads = 1;
  // Called on the job's thread with the points of each evaluation, in order.
  std::function<void(std::span<const v1::MetricPoint>)> report;
  // Looked at between steps; may be null.
  const std::atomic<bool>* stop = nullptr;
};

// Computes one trial: a resolved workload (defaults filled in) and a seed. Blocks until the end; throws nothing. Safe
// to call from several threads at once, each with a context of its own.
JobResult RunJob(const v1::Workload& workload, uint64_t seed, const JobContext& context);

// Digest of a fixed self-test: trains small networks through every kernel of the engine and digests the weights. Two
// machines with the same fingerprint compute the same bits. Takes well under a second; computed once.
std::string EngineFingerprint();

}  // namespace basin::worker::job
