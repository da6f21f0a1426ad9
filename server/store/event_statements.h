#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// The statements that EventWriter runs, prepared once. Their parameters are said by their texts.
struct EventStatements {
  static absl::StatusOr<std::unique_ptr<EventStatements>> Prepare(Connection& connection);

  Statement add_sweep, find_sweep, change_sweep_state, save_sweep, set_engine, clear_pins, add_pin;
  Statement remember_deleted, delete_sweep;
  Statement find_skipped, add_skipped, delete_skipped, clear_skipped;
  Statement add_config, set_config_digest, add_param, find_symbol, add_symbol;
  Statement lease_trial, reuse_trial, find_trial, requeue_trial, finish_trial, retry_trial, add_point;
  Statement add_resumption, add_artifact, delete_artifact, supersede_checkpoints, drop_weights, settle_artifacts;
  Statement add_worker, add_dataset, find_worker, change_worker_state, count_finished;
  Statement add_event, add_audit;
};

}  // namespace basin::server::store
