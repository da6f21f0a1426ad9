#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/model.h"
#include "server/store/queries.h"
#include "server/store/sqlite_db.h"

// The fence around users' SQL. A statement may read the documented views and nothing else: an authorizer refuses
// everything besides, and SELECTs that take too long or too much are stopped.
namespace basin::server::store {

// Prepares a read-only connection for RunUserSql: puts up views of its own and the authorizer. The tables below the
// views can be read through views of a secret name alone, because SQLite tells an authorizer no more than the name of
// what reads, and a user may give a common table expression any name.
absl::Status FenceConnection(Connection& connection);

// Queries::RunSql on a fenced connection.
absl::StatusOr<bool> RunUserSql(Connection& connection, const std::string& sql, const Queries::SqlLimits& limits,
                                const std::function<core::MonoTime()>& now, const std::atomic<bool>* cancelled,
                                const std::function<void(const std::vector<std::string>& columns)>& on_columns,
                                const std::function<bool(v1::SqlRow row)>& on_row);

}  // namespace basin::server::store
