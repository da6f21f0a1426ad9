#include "server/store/event_statements.h"

#include <utility>

namespace basin::server::store {

absl::StatusOr<std::unique_ptr<EventStatements>> EventStatements::Prepare(Connection& connection) {
  auto statements = std::make_unique<EventStatements>();
  EventStatements& sql = *statements;
  const std::pair<Statement*, const char*> texts[] = {
      {&sql.add_sweep,
       "INSERT INTO sweep(id, name, state, request_id, spec_digest, spec, objective, maximize, priority, configs, "
       "seeds, "
       "pending, created_at, owner, verified_sweep, verified_trial, verified_worker) "
       "VALUES(?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"},
      {&sql.find_sweep,
       "SELECT key, maximize, pending, running, succeeded, diverged, pruned, failed, cancelled, next_index, "
       "best_trial, "
       "best_objective, started_at, reused, runners_up FROM sweep WHERE id = ?1"},
      {&sql.change_sweep_state, "UPDATE sweep SET state = ?2, message = ?3, ended_at = ?4 WHERE key = ?1"},
      {&sql.save_sweep,
       "UPDATE sweep SET pending = ?2, running = ?3, succeeded = ?4, diverged = ?5, pruned = ?6, failed = ?7, "
       "cancelled = ?8, next_index = ?9, best_trial = ?10, best_objective = ?11, started_at = ?12, reused = ?13, "
       "runners_up = ?14 "
       "WHERE key = ?1"},
      {&sql.set_engine, "UPDATE sweep SET engine_fingerprint = ?2 WHERE key = ?1"},
      {&sql.clear_pins, "DELETE FROM sweep_pin WHERE sweep = ?1"},
      {&sql.add_pin, "INSERT INTO sweep_pin(sweep, dataset, digest) VALUES(?1, ?2, ?3)"},
      {&sql.remember_deleted,
       "INSERT INTO deleted_sweep(key, id, name) SELECT key, id, name FROM sweep WHERE key = ?1"},
      {&sql.delete_sweep, "DELETE FROM sweep WHERE key = ?1"},
      {&sql.find_skipped,
       "SELECT first, last FROM skipped WHERE sweep = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1"},
      {&sql.add_skipped, "INSERT INTO skipped(sweep, first, last) VALUES(?1, ?2, ?3)"},
      {&sql.delete_skipped, "DELETE FROM skipped WHERE sweep = ?1 AND first = ?2"},
      {&sql.clear_skipped, "DELETE FROM skipped WHERE sweep = ?1"},
      {&sql.add_config, "INSERT INTO config(sweep, config, digest) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING"},
      {&sql.set_config_digest, "UPDATE config SET digest = ?3 WHERE sweep = ?1 AND config = ?2"},
      {&sql.add_param,
       "INSERT INTO param(sweep, config, position, path, is_bool, value) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
      {&sql.find_symbol, "SELECT key FROM symbol WHERE text = ?1"},
      {&sql.add_symbol, "INSERT INTO symbol(text) VALUES(?1)"},
      {&sql.lease_trial,
       "INSERT INTO trial(sweep, idx, config, seed, state, attempts, failures, worker, started_at) "
       "VALUES(?1, ?2, ?3, ?4, 2, ?5, ?6, ?7, ?8) ON CONFLICT(sweep, idx) DO UPDATE SET state = 2, "
       "attempts = excluded.attempts, failures = excluded.failures, worker = excluded.worker, "
       "started_at = excluded.started_at"},
      {&sql.reuse_trial,
       "INSERT INTO trial(sweep, idx, config, seed, state, attempts, failures, started_at, ended_at, objective, "
       "message, "
       "outcome, outcome_message, duration, weights_digest, data_digest, engine_fingerprint, metrics, reused_from) "
       "VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"},
      {&sql.find_trial, "SELECT state FROM trial WHERE sweep = ?1 AND idx = ?2"},
      {&sql.requeue_trial, "UPDATE trial SET state = 1, failures = ?3, message = ?4 WHERE sweep = ?1 AND idx = ?2"},
      {&sql.finish_trial,
       "UPDATE trial SET state = ?3, accepted = ?4, next_sequence = ?5, ended_at = ?6, objective = ?7, message = ?8, "
       "outcome = ?9, outcome_message = ?10, duration = ?11, weights_digest = ?12, data_digest = ?13, "
       "engine_fingerprint = ?14, metrics = ?15 WHERE sweep = ?1 AND idx = ?2"},
      {&sql.retry_trial,
       "UPDATE trial SET state = 1, attempts = ?3, failures = 0, accepted = 0, next_sequence = 0, ended_at = NULL, "
       "objective = NULL, outcome = 0, outcome_message = NULL, duration = NULL, weights_digest = '', "
       "data_digest = NULL, engine_fingerprint = NULL, metrics = NULL WHERE sweep = ?1 AND idx = ?2"},
      {&sql.add_point,
       "INSERT INTO point(sweep, trial, attempt, sequence, metric, step, value, epoch, examples) "
       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING"},
      {&sql.add_resumption,
       "INSERT INTO resumption(sweep, trial, attempt, first_sequence, step) VALUES(?1, ?2, ?3, ?4, ?5) "
       "ON CONFLICT DO UPDATE SET first_sequence = excluded.first_sequence, step = excluded.step"},
      {&sql.add_artifact,
       "INSERT INTO artifact(sweep, trial, kind, attempt, step, name, bytes, sha256, next_sequence, at) "
       "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, "
       "bytes = excluded.bytes, next_sequence = excluded.next_sequence, at = excluded.at"},
      {&sql.delete_artifact, "DELETE FROM artifact WHERE sweep = ?1 AND trial = ?2 AND sha256 = ?3 AND kind = ?4"},
      {&sql.supersede_checkpoints,
       "DELETE FROM artifact WHERE sweep = ?1 AND trial = ?2 AND kind = 1 AND (attempt, step) IN (SELECT attempt, step "
       "FROM artifact WHERE sweep = ?1 AND trial = ?2 AND kind = 1 ORDER BY attempt DESC, step DESC LIMIT -1 OFFSET "
       "?3)"},
      {&sql.drop_weights, "DELETE FROM artifact WHERE sweep = ?1 AND trial = ?2 AND kind = 2"},
      {&sql.settle_artifacts, "DELETE FROM artifact WHERE sweep = ?1 AND trial = ?2 AND (kind <> 2 OR attempt <> ?3)"},
      {&sql.add_worker,
       "INSERT INTO worker(id, name, version, engine_fingerprint, slots, threads_per_trial, state, connected_at, "
       "changed_at, principal) VALUES(?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, ?8)"},
      {&sql.add_dataset, "INSERT INTO worker_dataset(worker, name, digest) VALUES(?1, ?2, ?3)"},
      {&sql.find_worker, "SELECT key FROM worker WHERE id = ?1"},
      {&sql.change_worker_state, "UPDATE worker SET state = ?2, changed_at = coalesce(?3, changed_at) WHERE key = ?1"},
      {&sql.count_finished, "UPDATE worker SET trials_finished = trials_finished + ?2 WHERE key = ?1"},
      {&sql.add_event,
       "INSERT INTO event(at, kind, sweep, trial, attempt, worker, message) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {&sql.add_audit, "INSERT INTO audit_entry(at, actor, action, subject) VALUES(?1, ?2, ?3, ?4)"},
  };
  for (const auto& [statement, text] : texts) {
    absl::StatusOr<Statement> prepared = connection.Prepare(text);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return statements;
}

}  // namespace basin::server::store
