#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_db.h"

// The tables of DIR/basin.db, below the documented views (views.h). Tables are named in the singular, views in the
// plural; only views are a promise.
//
// How values that SQLite lacks are kept:
// - NaN: NULL in `point.value`, which is never absent; the text 'nan' in the optional column `trial.objective`, where
//   NULL is absence. The views show NULL for it: aggregates skip it as they should, and
//   a row of `metrics` whose value is NULL is a NaN. Infinities are real numbers to SQLite.
// - Times: nanoseconds since 1970, NULL for none; in the views ISO 8601 with milliseconds, UTC.
// - Names of metrics, paths of params, digests of data and engines: numbers of `symbol`.
namespace basin::server::store {

// What happened, as `event.kind` stores it and the view `events` names it.
enum class EventKind {
  kSweepCreated = 1,
  kSweepRunning,
  kSweepPaused,
  kSweepFinished,
  kSweepCancelled,
  kSweepFailed,
  kSweepDeleted,
  kTrialLeased,
  kTrialRequeued,
  kTrialSucceeded,
  kTrialDiverged,
  kTrialPruned,
  kTrialFailed,
  kTrialCancelled,
  kTrialRetried,
  kWorkerRegistered,
  kWorkerConnected,
  kWorkerDraining,
  kWorkerLeft,
  kWorkerLost,
  kWorkerSetAside,
  kTrialReused,
};

// The newest schema that this program knows; PRAGMA user_version of its databases.
uint32_t SchemaVersion();

// Brings the database to SchemaVersion, each step in a transaction of its own. FAILED_PRECONDITION, with both numbers,
// for a database of a newer program; DATA_LOSS for a file that is a database of another kind.
absl::Status Migrate(Connection& connection);

// DATA_LOSS for a file that is a database of another kind; FAILED_PRECONDITION for one of a newer program.
absl::Status CheckKind(Connection& connection);

// The schema version of a database.
absl::StatusOr<uint32_t> ReadSchemaVersion(Connection& connection);

}  // namespace basin::server::store
