#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/folder.h"
#include "server/store/outcome_block.h"
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
    status = Artifacts();
    if (!status.ok()) return status;
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
    status = connection.Each("PRAGMA integrity_check(20)", [this](const Row& row) {
      if (row.text(0) != "ok") Damage(absl::StrCat("basin.db: ", row.string(0)));
    });
    if (!status.ok() || !report_.damages.empty()) return status;
    status = Counts(connection);
    if (status.ok() && *version >= kFirstWithArtifacts) status = ReferencedArtifacts(connection);
    // An older schema is read after its migration alone.
    if (status.ok() && *version == SchemaVersion()) status = ReadSnapshot(connection).status();
    if (status.ok() && *version == SchemaVersion()) status = SettledColumns(connection);
    return status;
  }

  // They are derived from trials' rows, which a running server changes together with them.
  absl::Status SettledColumns(Connection& connection) {
    absl::Status status = connection.Execute("BEGIN");
    absl::StatusOr<Statement> rows = connection.Prepare(kSelectOutcomes);
    absl::StatusOr<Statement> columns =
        connection.Prepare("SELECT metric, bytes FROM settled_column WHERE sweep = ?1 AND block = ?2");
    for (const absl::Status& prepared : {rows.status(), columns.status()}) status.Update(prepared);
    if (!status.ok()) return status;
    status = connection.Each(
        "SELECT s.key, s.id, c.block FROM sweep s JOIN settled_column c ON c.sweep = s.key AND c.metric = 0",
        [&](const Row& settled) {
          const int64_t sweep = settled.integer(0);
          const uint64_t block = settled.number(2);
          OutcomeBlock outcomes;
          outcomes.first = block * kBlockTrials;
          absl::Status read = rows->Each([&](const Row& row) { return outcomes.Add(row); }, sweep, outcomes.first,
                                         outcomes.first + kBlockTrials);
          std::map<uint32_t, std::string> found;
          read.Update(columns->Each([&](const Row& row) { found[static_cast<uint32_t>(row.number(0))] = row.blob(1); },
                                    sweep, block));
          if (read.ok() && found != PackColumns(outcomes)) {
            Damage(absl::StrCat("basin.db: the outcomes of trials ", outcomes.first, " and following of sweep ",
                                settled.string(1), " are not those of their rows"));
          }
          return read;
        });
    status.Update(connection.Execute("COMMIT"));
    return status;
  }

  // Pending trials include those that were never leased, which have no row.
  absl::Status Counts(Connection& connection) {
    absl::Status status = connection.Each(
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
    return connection.Each("SELECT count(*) FROM trial", [this](const Row& row) { report_.trials = row.number(0); });
  }

  // Their bytes are checked with those of all other artifacts. A running server drops a checkpoint from the database
  // before its file: one is lost only if it is still referred to after its file was looked for.
  absl::Status ReferencedArtifacts(Connection& connection) {
    std::vector<std::string> missing;
    absl::Status status = connection.Each("SELECT DISTINCT sha256 FROM artifact", [&](const Row& row) {
      const std::string sha256 = row.string(0);
      std::error_code error;
      if (!fs::exists(dir_ / kArtifactFolder / sha256, error)) missing.push_back(sha256);
    });
    for (size_t i = 0; status.ok() && i < missing.size(); ++i) {
      status = connection.Each(
          "SELECT s.id, min(a.trial), max(a.kind) FROM artifact a JOIN sweep s ON s.key = a.sweep WHERE a.sha256 = ?1 "
          "GROUP BY "
          "s.key",
          [&](const Row& row) {
            Damage(absl::StrCat(
                kArtifactFolder, "/", missing[i], ": is missing; it is ",
                row.integer(2) == static_cast<int>(core::ArtifactKind::kWeights) ? "the weights" : "a checkpoint",
                " of trial ", row.integer(1), " of sweep ", row.string(0)));
          },
          missing[i]);
    }
    return status;
  }

  void Expect(const fs::path& file, const std::string& digest) { Compare(file, DigestOfFile(dir_ / file), digest); }

  void Compare(const fs::path& file, const absl::StatusOr<std::string>& found, const std::string& digest) {
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

  absl::Status Artifacts() {
    const absl::StatusOr<std::vector<std::string>> names = ArtifactsIn(dir_);
    if (!names.ok()) return names.status();
    for (const std::string& name : *names) {
      const fs::path file = fs::path(kArtifactFolder) / name;
      const absl::StatusOr<std::string> digest = DigestOfFile(dir_ / file);
      if (absl::IsNotFound(digest.status())) continue;  // Collected meanwhile.
      ++report_.artifacts;
      Compare(file, digest, name);
    }
    return absl::OkStatus();
  }

  const fs::path dir_;
  CheckReport report_;
};

}  // namespace

absl::StatusOr<CheckReport> CheckDataDir(const std::string& dir) { return Check(dir).Run(); }

}  // namespace basin::server::store
