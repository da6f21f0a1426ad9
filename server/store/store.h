#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/command.h"
#include "server/core/event.h"
#include "server/core/snapshot.h"

namespace basin::server::store {

// Where events become durable. Used by the coordinator's one thread. Every kind passes
// tests/server/store/store_contract.
class Store {
 public:
  virtual ~Store() = default;

  // Makes all events durable, in order, in one transaction; on return of OK they survive power loss. On an error
  // nothing of them is stored: RESOURCE_EXHAUSTED when the disk is full (the store stays usable), DATA_LOSS when the
  // file is damaged, INTERNAL for any other I/O error, after which the process must exit.
  virtual absl::Status Commit(std::span<const core::Event> events) = 0;

  // Writes what changes nothing, as durably as a commit: whether there is space again after RESOURCE_EXHAUSTED. Errors
  // as of Commit.
  virtual absl::Status Probe() { return Commit({}); }

  // Housekeeping for which nobody waits: one small piece of it, in a transaction of its own. True: there is more.
  // Errors as of Commit.
  virtual absl::StatusOr<bool> Tidy(core::WallTime) { return false; }

  // What the state needs after a restart.
  virtual absl::StatusOr<core::Snapshot> Load() = 0;

  // NOT_FOUND: no accepted end of this trial is stored (it is pending, runs, or does not exist).
  virtual absl::StatusOr<core::FinishedTrial> FindFinished(const core::TrialKey& key) = 0;
  // NOT_FOUND: no sweep was created under this request id.
  virtual absl::StatusOr<core::CreateSweep::Stored> FindRequest(const std::string& request_id) = 0;
  // In index order.
  virtual absl::StatusOr<std::vector<core::RetrySweep::Failed>> FailedTrials(const core::SweepId& id) = 0;
  // NOT_FOUND: no trial has a result of this computation, with metrics and digests, that is not of a deleted sweep.
  virtual absl::StatusOr<core::KnownResult> FindResult(const core::Computation& computation) = 0;
  // The spec as stored, defaults filled in.
  virtual absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& id) = 0;
};

}  // namespace basin::server::store
