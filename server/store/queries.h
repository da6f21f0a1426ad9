#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/trial.pb.h"
#include "server/core/model.h"

namespace basin::server::store {

// The trials of a sweep that have a row as far as statistics needs them, by columns and in pieces, as of one commit. A
// piece has the trials with the indices `first`, first + 1, ...; pieces come in the order of their indices. Used by one
// thread; holds a connection, so it should not be kept for long.
class TrialOutcomes {
 public:
  virtual ~TrialOutcomes() = default;

  // One more than the largest index.
  virtual uint64_t end() const = 0;
  // Names of all metrics that a SUCCEEDED or DIVERGED trial has.
  virtual std::vector<std::string> metric_names() const = 0;

  // `states` are core::TrialState, or 0 for a trial without a row; `objectives` are NaN for none.
  using OnEnds =
      std::function<void(uint64_t first, std::span<const uint8_t> states, std::span<const double> objectives)>;
  virtual absl::Status ReadEnds(const OnEnds& on_ends) = 0;
  // Last values of SUCCEEDED trials; for others a NaN of the bits kNoValueBits (outcome_block). A piece ends with its
  // last value; one without values may be left out.
  using OnValues = std::function<void(uint64_t first, std::span<const double> values)>;
  virtual absl::Status ReadMetric(const std::string& name, const OnValues& on_values) = 0;
};

// Reads of what is stored, on read-only connections of their own (a small pool): they see the last commit, never wait
// for the writer, and never write. Thread-safe. Damage found on the way is DATA_LOSS.
class Queries {
 public:
  virtual ~Queries() = default;

  // Up to `limit` trials of the sweep with index >= `from`, in order, of the given states (empty: all).
  virtual absl::StatusOr<std::vector<v1::Trial>> Trials(const core::SweepId& sweep, uint64_t from,
                                                        const std::vector<core::TrialState>& states,
                                                        uint32_t limit) = 0;

  struct PointCursor {
    uint64_t trial = 0;
    uint64_t sequence = 0;
  };
  struct PointPage {
    std::vector<v1::TrialPoint> points;
    std::optional<PointCursor> next;
  };
  // Up to `limit` points of the sweep from `from` on, in the order trial, sequence: of each trial those of its accepted
  // lineage, that is of its last attempt, and of earlier ones up to the checkpoint from which the next went on.
  virtual absl::StatusOr<PointPage> Points(const core::SweepId& sweep, std::optional<uint64_t> trial,
                                           const std::string& metric, PointCursor from, uint32_t limit) = 0;

  // For aggregation.
  virtual absl::StatusOr<std::unique_ptr<TrialOutcomes>> Outcomes(const core::SweepId& sweep) = 0;

  struct ArtifactCursor {
    uint64_t trial = 0;
    uint64_t kind = 0;
    uint64_t step = 0;
  };
  // Up to `limit` files of the sweep's trials, or of `trial` alone, from `from` on, in the order trial, kind, step.
  virtual absl::StatusOr<std::vector<v1::Artifact>> Artifacts(const core::SweepId& sweep, std::optional<uint64_t> trial,
                                                              ArtifactCursor from, uint32_t limit) = 0;
  // The digest of the file with the final weights of this training, of the oldest trial that keeps them. NOT_FOUND.
  virtual absl::StatusOr<std::string> FindWeights(const core::Computation& training) = 0;
  // Whether a trial refers to this file of the artifact store.
  virtual absl::StatusOr<bool> IsArtifactKept(const std::string& sha256) = 0;

  // The spec as stored, defaults filled in. NOT_FOUND.
  virtual absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& sweep) = 0;

  struct DatabaseInfo {
    uint64_t bytes = 0;  // On disk, the log included.
    uint32_t schema_version = 0;
  };
  virtual absl::StatusOr<DatabaseInfo> Info() = 0;
  // Of the write-ahead log; never waits for a reader.
  virtual uint64_t LogBytes() const = 0;

  // Runs one SELECT on the documented views and hands over the rows. INVALID_ARGUMENT: not one SELECT, an unknown
  // column, a table that is not a documented view. DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED: over a limit. `cancelled` may
  // be set from outside.
  struct SqlLimits {
    uint64_t max_rows = 100000;
    double max_seconds = 30;
    uint64_t max_memory_bytes = 256 << 20;
    uint64_t max_temporary_bytes = 1 << 30;  // What is put aside on disk to sort and group.
  };
  virtual absl::StatusOr<bool /*truncated*/> RunSql(
      const std::string& sql, const SqlLimits& limits, const std::atomic<bool>* cancelled,
      const std::function<void(const std::vector<std::string>& columns)>& on_columns,
      const std::function<bool(v1::SqlRow row)>& on_row /* false: stop */) = 0;
};

}  // namespace basin::server::store
