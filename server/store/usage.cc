#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/folder.h"
#include "server/store/schema.h"
#include "server/store/sqlite_db.h"
#include "server/store/sqlite_store.h"

namespace basin::server::store {
namespace {

namespace fs = std::filesystem;

absl::Status MeasureDatabase(Connection& connection, UsageReport* report) {
  absl::Status status = CheckKind(connection);
  if (status.ok()) {
    status = connection.Each(
        "SELECT p.page_count * s.page_size, f.freelist_count * s.page_size FROM pragma_page_count p, "
        "pragma_freelist_count f, pragma_page_size s",
        [&](const Row& row) {
          report->database_bytes = row.number(0);
          report->free_bytes = row.number(1);
        });
  }
  if (status.ok()) {
    status = connection.Each(
        "SELECT coalesce(t.tbl_name, d.name), sum(d.pgsize) FROM dbstat d LEFT JOIN sqlite_schema t ON t.name "
        "= d.name WHERE d.aggregate = TRUE GROUP BY 1 ORDER BY 2 DESC, 1",
        [&](const Row& row) {
          report->tables.push_back({row.string(0), row.number(1)});
        });
  }
  if (status.ok()) {
    status = connection.Each(
        "SELECT s.id, s.name, count(*) AS points FROM point p JOIN sweep s ON s.key = p.sweep GROUP BY s.key "
        "ORDER BY points DESC, s.key LIMIT 10",
        [&](const Row& row) {
          report->sweeps.push_back({row.string(0), row.string(1), row.number(2)});
        });
  }
  return status;
}

}  // namespace

absl::StatusOr<UsageReport> MeasureDataDir(const std::string& dir) {
  const std::string path = SqliteStore::DatabasePath(dir);
  std::error_code error;
  if (!fs::exists(path, error)) return absl::NotFoundError(absl::StrCat("there is no database in ", dir));
  UsageReport report;
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(path, Connection::Mode::kReadOnly);
  if (!connection.ok()) return connection.status();
  const absl::Status status = MeasureDatabase(**connection, &report);
  if (!status.ok()) return status;
  const uintmax_t log_bytes = fs::file_size(path + "-wal", error);
  if (!error) report.log_bytes = log_bytes;
  const absl::StatusOr<std::vector<std::string>> artifacts = ArtifactsIn(dir);
  if (!artifacts.ok()) return artifacts.status();
  for (const std::string& name : *artifacts) {
    const uintmax_t bytes = fs::file_size(fs::path(dir) / kArtifactFolder / name, error);
    if (error) continue;  // Collected meanwhile.
    report.artifact_bytes += bytes;
    ++report.artifacts;
  }
  return report;
}

}  // namespace basin::server::store
