#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Removes the rows of deleted sweeps piece by piece, so that deleting a sweep of a million trials holds nobody up. The
// space is used again, or given back by SqliteStore::Tidy.
class SweepPurge {
 public:
  static absl::StatusOr<std::unique_ptr<SweepPurge>> Create(Connection& connection);

  // Removes up to about `rows` rows, within the caller's transaction. Next to free when there is nothing to remove.
  absl::Status Step(uint64_t rows);
  // Call when a sweep was deleted, or after ROLLBACK.
  void Wake() { idle_ = false; }
  bool idle() const { return idle_; }

 private:
  struct Statements;
  SweepPurge() = default;

  std::shared_ptr<Statements> sql_;
  Connection* connection_ = nullptr;
  bool idle_ = false;
};

}  // namespace basin::server::store
