#include "server/store/metric_retention.h"

#include <optional>
#include <utility>

namespace basin::server::store {

absl::StatusOr<std::unique_ptr<MetricRetention>> MetricRetention::Create(Connection& connection) {
  std::unique_ptr<MetricRetention> retention(new MetricRetention());
  retention->connection_ = &connection;
  absl::StatusOr<Statement> find = connection.Prepare(
      "SELECT s.key FROM sweep s WHERE s.state > 2 AND s.running = 0 AND s.ended_at < ?1 "
      "AND NOT (s.state = 5 AND EXISTS (SELECT 1 FROM trial t WHERE t.sweep = s.key AND t.state = 1)) "
      "AND EXISTS (SELECT 1 FROM point p WHERE p.sweep = s.key) ORDER BY s.key LIMIT 1");
  if (!find.ok()) return find.status();
  retention->find_ = *std::move(find);
  absl::StatusOr<Statement> erase = connection.Prepare(
      "DELETE FROM point WHERE sweep = ?1 AND (sweep, trial, attempt, sequence) IN "
      "(SELECT sweep, trial, attempt, sequence FROM point WHERE sweep = ?1 LIMIT ?2)");
  if (!erase.ok()) return erase.status();
  retention->erase_ = *std::move(erase);
  return retention;
}

absl::StatusOr<uint64_t> MetricRetention::Step(core::WallTime before, uint64_t rows) {
  std::optional<int64_t> sweep;
  absl::Status status = find_.Each(
      [&](const Row& row) {
        sweep = row.integer(0);
        return absl::OkStatus();
      },
      before.count());
  if (!status.ok() || !sweep) return status.ok() ? absl::StatusOr<uint64_t>(0) : status;
  status = erase_.Run(*sweep, rows);
  if (!status.ok()) return status;
  return static_cast<uint64_t>(connection_->changes());
}

}  // namespace basin::server::store
