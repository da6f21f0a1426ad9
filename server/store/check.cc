#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/folder.h"
#include "server/store/schema.h"
#include "server/store/snapshot_reader.h"
#include "server/store/sqlite_db.h"
#include "server/store/sqlite_store.h"

namespace basin::server::store {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxDamages = 100;
constexpr uint32_t kFirstWithArtifacts = 2;  // Schema.

class Check {
 public:
  explicit Check(fs::path dir) : dir_(std::move(dir)) {}

  absl::StatusOr<CheckReport> Run() {
    const std::string path = SqliteStore::DatabasePath(dir_.string());
    std::error_code error;
    if (!fs::exists(path, error)) return absl::NotFoundError(absl::StrCat("there is no database in ", dir_.string()));
    Checksums();
    absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(path, Connection::Mode::kReadOnly);
    absl::Status status = connection.status();
    if (status.ok()) status = Database(**connection);
    if (absl::IsDataLoss(status) || absl::IsInvalidArgument(status)) {
      Damage(absl::StrCat("basin.db: ", status.message()));
    } else if (!status.ok()) {
      return status;
    }
    Artifacts();
    return report_;
  }

 private:
  void Damage(std::string what) {
    if (report_.damages.size() < kMaxDamages) report_.damages.push_back(std::move(what));
  }

  absl::Status Database(Connection& connection) {
    absl::Status status = CheckKind(connection);
    absl::StatusOr<uint32_t> version = ReadSchemaVersion(connection);
    if (status.ok()) status = version.status();
    if (!status.ok()) return status;
    report_.schema_version = *version;
    status = Each(connection, "PRAGMA integrity_check(20)", [this](const Row& row) {
      if (row.text(0) != "ok") Damage(absl::StrCat("basin.db: ", row.string(0)));
    });
    if (!status.ok() || !report_.damages.empty()) return status;
    status = Counts(connection);
    if (status.ok() && *version >= kFirstWithArtifacts) status = ReferencedArtifacts(connection);
    // An older schema is read after its migration alone.
    if (status.ok() && *version == SchemaVersion()) status = ReadSnapshot(connection).status();
    return status;
  }

  // Pending trials include those that were never leased, which have no row.
  absl::Status Counts(Connection& connection) {
    absl::Status status = Each(
        connection,
        "SELECT s.id, s.running = t.running AND s.succeeded = t.succeeded AND s.diverged = t.diverged AND s.pruned = "
        "t.pruned AND s.failed = t.failed AND s.pending + s.running + s.succeeded + s.diverged + s.pruned + s.failed + "
        "s.cancelled = s.configs * s.seeds FROM sweep s JOIN (SELECT s.key AS key, count(iif(t.state = 2, 1, NULL)) AS "
        "running, count(iif(t.state = 3, 1, NULL)) AS succeeded, count(iif(t.state = 4, 1, NULL)) AS diverged, "
        "count(iif(t.state = 5, 1, NULL)) AS pruned, count(iif(t.state = 6, 1, NULL)) AS failed FROM sweep s LEFT JOIN "
        "trial t ON t.sweep = s.key GROUP BY s.key) t ON t.key = s.key",
        [this](const Row& row) {
          ++report_.sweeps;
          if (row.integer(1) != 1) {
            Damage(absl::StrCat("basin.db: the counts of sweep ", row.string(0), " are not those of its trials"));
          }
        });
    if (!status.ok()) return status;
    return Each(connection, "SELECT count(*) FROM trial", [this](const Row& row) { report_.trials = row.number(0); });
  }

  // Their bytes are checked with those of all other artifacts.
  absl::Status ReferencedArtifacts(Connection& connection) {
    return Each(connection,
                "SELECT s.id, min(a.trial), a.sha256 FROM artifact a JOIN sweep s ON s.key = a.sweep GROUP BY a.sha256",
                [this](const Row& row) {
                  const std::string name = row.string(2);
                  std::error_code error;
                  if (fs::exists(dir_ / "artifacts" / name, error)) return;
                  Damage(absl::StrCat("artifacts/", name, ": is missing; it is a checkpoint of trial ", row.integer(1),
                                      " of sweep ", row.string(0)));
                });
  }

  template <typename OnRow>
  static absl::Status Each(Connection& connection, const std::string& sql, OnRow on_row) {
    absl::StatusOr<Statement> statement = connection.Prepare(sql);
    if (!statement.ok()) return statement.status();
    return statement->Each([&](const Row& row) {
      on_row(row);
      return absl::OkStatus();
    });
  }

  void Expect(const fs::path& file, const std::string& digest) {
    const absl::StatusOr<std::string> found = DigestOfFile(dir_ / file);
    if (!found.ok()) {
      Damage(absl::StrCat(file.string(), ": ", found.status().message()));
    } else if (*found != digest) {
      Damage(absl::StrCat(file.string(), ": its bytes are not those that were written"));
    }
  }

  void Checksums() {
    std::ifstream file(dir_ / kChecksumsFile);
    report_.had_checksums = file.is_open();
    std::string line;
    while (std::getline(file, line)) {
      if (line.size() < 67 || line.substr(64, 2) != "  ") {
        Damage(absl::StrCat(kChecksumsFile, ": a line is none of sha256sum's"));
        return;
      }
      const std::string name = line.substr(66);
      // Artifacts are checked below, against their names; here, that they are there.
      std::error_code error;
      if (name.starts_with("artifacts/")) {
        if (!fs::exists(dir_ / name, error)) Damage(absl::StrCat(name, ": is missing"));
      } else {
        Expect(name, line.substr(0, 64));
      }
    }
  }

  void Artifacts() {
    std::error_code error;
    for (fs::directory_iterator entry(dir_ / "artifacts", error), end; !error && entry != end; entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (!IsDigestName(name)) continue;
      ++report_.artifacts;
      Expect(fs::path("artifacts") / name, name);
    }
  }

  const fs::path dir_;
  CheckReport report_;
};

}  // namespace

absl::StatusOr<CheckReport> CheckDataDir(const std::string& dir) { return Check(dir).Run(); }

}  // namespace basin::server::store
