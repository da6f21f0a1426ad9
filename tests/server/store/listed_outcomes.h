#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/core/model.h"
#include "server/store/queries.h"
#include "server/store/sqlite_db.h"

namespace basin::tests {

// A trial's outcome as text, so that NaN equals itself: its state, objective, and metrics.
using ListedOutcomes = std::map<uint64_t, std::string>;  // By index.

// What the columns say. An objective that is NaN is one that does not exist.
absl::StatusOr<ListedOutcomes> ListColumns(server::store::TrialOutcomes& outcomes);
// What the trials' rows say; of metrics only those of SUCCEEDED trials.
absl::StatusOr<ListedOutcomes> ListRows(server::store::Connection& connection, const server::core::SweepId& sweep);

}  // namespace basin::tests
