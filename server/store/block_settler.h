#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Keeps the settled blocks of sweeps (see outcome_block) true to the rows of their trials, inside the transaction that
// changes those.
class BlockSettler {
 public:
  // `connection` must outlive it and have the newest schema.
  static absl::StatusOr<std::unique_ptr<BlockSettler>> Create(Connection& connection);

  // After trials of the block have ended: settles it if all of its trials have. `next_index`: of the sweep; `trials`:
  // how many it has.
  absl::Status Settle(int64_t sweep, uint64_t block, uint64_t next_index, uint64_t trials);
  // Before a trial of the block that has ended opens again.
  absl::Status Unsettle(int64_t sweep, uint64_t block);

 private:
  explicit BlockSettler() = default;
  Statement find_open_, find_skipped_, read_, add_, remove_;
};

}  // namespace basin::server::store
