#pragma once

#include "absl/status/statusor.h"
#include "server/core/snapshot.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// What the state needs after a restart. Costs as much as there are sweeps, workers, open and queued trials and points
// of open attempts, whatever the number of finished trials. DATA_LOSS when what is stored can't be understood.
absl::StatusOr<core::Snapshot> ReadSnapshot(Connection& connection);

}  // namespace basin::server::store
