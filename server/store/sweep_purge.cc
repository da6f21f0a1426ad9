#include "server/store/sweep_purge.h"

#include <optional>
#include <utility>

namespace basin::server::store {

// Each deletes at most ?2 rows of sweep ?1, in the order of the table's key.
struct SweepPurge::Statements {
  Statement find, pieces[8], done;
};

absl::StatusOr<std::unique_ptr<SweepPurge>> SweepPurge::Create(Connection& connection) {
  std::unique_ptr<SweepPurge> purge(new SweepPurge());
  purge->connection_ = &connection;
  purge->sql_ = std::make_shared<Statements>();
  Statements& sql = *purge->sql_;
  const std::pair<Statement*, const char*> texts[] = {
      {&sql.find, "SELECT key FROM deleted_sweep WHERE purged = 0 ORDER BY key LIMIT 1"},
      {&sql.pieces[0],
       "DELETE FROM point WHERE sweep = ?1 AND (sweep, trial, attempt, sequence) IN "
       "(SELECT sweep, trial, attempt, sequence FROM point WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[1],
       "DELETE FROM trial WHERE sweep = ?1 AND idx IN (SELECT idx FROM trial NOT INDEXED WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[2],
       "DELETE FROM param WHERE sweep = ?1 AND (sweep, config, position) IN "
       "(SELECT sweep, config, position FROM param WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[3],
       "DELETE FROM config WHERE sweep = ?1 AND config IN (SELECT config FROM config WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[4],
       "DELETE FROM event WHERE key IN (SELECT key FROM event WHERE sweep = ?1 AND trial IS NOT NULL LIMIT ?2)"},
      {&sql.pieces[5],
       "DELETE FROM artifact WHERE sweep = ?1 AND (sweep, trial, kind, attempt, step) IN "
       "(SELECT sweep, trial, kind, attempt, step FROM artifact WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[6],
       "DELETE FROM resumption WHERE sweep = ?1 AND (sweep, trial, attempt) IN "
       "(SELECT sweep, trial, attempt FROM resumption WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.pieces[7],
       "DELETE FROM settled_column WHERE key IN (SELECT key FROM settled_column WHERE sweep = ?1 LIMIT ?2)"},
      {&sql.done, "UPDATE deleted_sweep SET purged = 1 WHERE key = ?1"},
  };
  for (const auto& [statement, text] : texts) {
    absl::StatusOr<Statement> prepared = connection.Prepare(text);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return purge;
}

absl::Status SweepPurge::Step(uint64_t rows) {
  if (idle_) return absl::OkStatus();
  std::optional<int64_t> sweep;
  absl::Status status = sql_->find.Each([&](const Row& row) {
    sweep = row.integer(0);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  if (!sweep) {
    idle_ = true;
    return absl::OkStatus();
  }
  for (Statement& piece : sql_->pieces) {
    status = piece.Run(*sweep, rows);
    if (!status.ok()) return status;
    const uint64_t removed = static_cast<uint64_t>(connection_->changes());
    if (removed >= rows) return absl::OkStatus();
    rows -= removed;
  }
  return sql_->done.Run(*sweep);
}

}  // namespace basin::server::store
