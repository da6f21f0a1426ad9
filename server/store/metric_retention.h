#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/model.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Deletes the metric points of sweeps that ended long ago, piece by piece. What was concluded from them stays: trials
// keep their states, objectives and last values. A sweep that is RUNNING or PAUSED, or of which a trial still runs,
// keeps its points whatever its age; so does a FAILED one with trials that a retry lets go on from their checkpoints.
class MetricRetention {
 public:
  // `connection` outlives this.
  static absl::StatusOr<std::unique_ptr<MetricRetention>> Create(Connection& connection);

  // Deletes up to `rows` points of a sweep that ended before `before`: how many it were. REQUIRES: in a transaction.
  absl::StatusOr<uint64_t> Step(core::WallTime before, uint64_t rows);

 private:
  MetricRetention() = default;

  Connection* connection_ = nullptr;
  Statement find_, erase_;
};

}  // namespace basin::server::store
