#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/store/queries.h"
#include "server/store/reader_pool.h"

namespace basin::server::store {

// Queries of DIR/basin.db, beside the server that writes it.
class SqliteQueries : public Queries {
 public:
  // `now` is a monotonic clock, for the time limit of RunSql. FAILED_PRECONDITION unless the database has this
  // program's schema: a SqliteStore must have opened it before.
  static absl::StatusOr<std::unique_ptr<SqliteQueries>> Open(const std::string& dir,
                                                             std::function<core::MonoTime()> now);

  absl::StatusOr<std::vector<v1::Trial>> Trials(const core::SweepId& sweep, uint64_t from,
                                                const std::vector<core::TrialState>& states, uint32_t limit) override;
  absl::StatusOr<PointPage> Points(const core::SweepId& sweep, std::optional<uint64_t> trial, const std::string& metric,
                                   PointCursor from, uint32_t limit) override;
  absl::StatusOr<std::unique_ptr<TrialOutcomes>> Outcomes(const core::SweepId& sweep) override;
  absl::StatusOr<std::vector<v1::Artifact>> Artifacts(const core::SweepId& sweep, std::optional<uint64_t> trial,
                                                      ArtifactCursor from, uint32_t limit) override;
  absl::StatusOr<std::string> FindWeights(const core::Computation& training) override;
  absl::StatusOr<bool> IsArtifactKept(const std::string& sha256) override;
  absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& sweep) override;
  absl::StatusOr<DatabaseInfo> Info() override;
  uint64_t LogBytes() const override;
  // At most four at once; RESOURCE_EXHAUSTED for more.
  absl::StatusOr<bool> RunSql(const std::string& sql, const SqlLimits& limits, const std::atomic<bool>* cancelled,
                              const std::function<void(const std::vector<std::string>& columns)>& on_columns,
                              const std::function<bool(v1::SqlRow row)>& on_row) override;

 private:
  SqliteQueries(const std::string& path, std::function<core::MonoTime()> now);

  const std::string path_;
  const std::function<core::MonoTime()> now_;
  ReaderPool readers_;
  ReaderPool fenced_;
};

}  // namespace basin::server::store
