#include "server/store/sqlite_store.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/folder.h"
#include "server/store/row_values.h"
#include "server/store/schema.h"
#include "server/store/snapshot_reader.h"

namespace basin::server::store {
namespace {

// Rows of deleted sweeps that go with each commit.
constexpr uint64_t kPurgeRows = 2000;
// Free pages of 4 KiB that are not worth a word, and how many are given back at once.
constexpr uint64_t kFewFreePages = 1024;
constexpr uint64_t kPagesGivenBack = 256;

std::string FaultMarker(const std::string& dir) { return dir + "/check-after-fault"; }

bool MustExit(const absl::Status& status) { return absl::IsInternal(status) || absl::IsDataLoss(status); }

absl::Status MakeFolder(const std::string& dir) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(dir, error);
  if (!error) std::filesystem::create_directories(path, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot make the data dir ", dir));
  return path.has_parent_path() ? SyncFolder(path.parent_path().string()) : absl::OkStatus();
}

// Our own SQL is right: a statement that does not fit its tables means that those are not what they should be.
absl::Status SchemaError(absl::Status status) {
  if (!absl::IsInvalidArgument(status)) return status;
  return absl::DataLossError(absl::StrCat("the database's tables are damaged: ", std::string(status.message())));
}

}  // namespace

std::string SqliteStore::DatabasePath(const std::string& dir) { return dir + "/basin.db"; }

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& dir) {
  absl::Status status = MakeFolder(dir);
  if (!status.ok()) return status;
  absl::StatusOr<FileLock> lock = FileLock::Acquire(dir + "/lock");
  if (!lock.ok()) return lock.status();
  std::unique_ptr<SqliteStore> store(new SqliteStore(dir, *std::move(lock)));
  status = store->OpenDatabase();
  if (absl::IsInternal(status)) store->Note(status).IgnoreError();
  status = SchemaError(std::move(status));
  if (!status.ok()) {
    const std::string path = DatabasePath(dir);
    const std::string message(status.message());
    return message.find(path) != std::string::npos ? status
                                                   : absl::Status(status.code(), absl::StrCat(path, ": ", message));
  }
  return store;
}

absl::Status SqliteStore::OpenDatabase() {
  if (HadFault()) {
    // After an fsync that failed, the system shows pages that are not on the disk and that it never writes again. What
    // would be committed behind such a page of the log would go with it.
    DropCached(DatabasePath(dir_));
    DropCached(DatabasePath(dir_) + "-wal");
  }
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(DatabasePath(dir_), Connection::Mode::kReadWrite);
  if (!connection.ok()) return connection.status();
  connection_ = *std::move(connection);
  absl::Status status = CheckAfterFault();
  if (status.ok()) status = Migrate(*connection_);
  // From now on the file is not what a backup's checksums say.
  ::unlink((dir_ + "/" + kChecksumsFile).c_str());
  if (status.ok()) status = SyncFolder(dir_);
  if (!status.ok()) return status;
  absl::StatusOr<std::unique_ptr<EventWriter>> writer = EventWriter::Create(*connection_);
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  absl::StatusOr<std::unique_ptr<SweepPurge>> purge = SweepPurge::Create(*connection_);
  if (!purge.ok()) return purge.status();
  purge_ = *std::move(purge);
  absl::StatusOr<std::unique_ptr<MetricRetention>> retention = MetricRetention::Create(*connection_);
  if (!retention.ok()) return retention.status();
  retention_ = *std::move(retention);
  absl::StatusOr<std::unique_ptr<ResultFinder>> results = ResultFinder::Create(*connection_);
  if (!results.ok()) return results.status();
  results_ = *std::move(results);
  return absl::OkStatus();
}

absl::Status SqliteStore::CheckAfterFault() {
  if (!HadFault()) return absl::OkStatus();
  absl::Status status = connection_->Each("PRAGMA integrity_check(1)", [](const Row& row) {
    if (row.text(0) == "ok") return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("damaged after an I/O error: ", row.string(0)));
  });
  if (!status.ok()) return status;
  ::unlink(FaultMarker(dir_).c_str());
  return absl::OkStatus();
}

bool SqliteStore::HadFault() const { return ::access(FaultMarker(dir_).c_str(), F_OK) == 0; }

absl::Status SqliteStore::Note(absl::Status status) {
  if (!MustExit(status)) return status;
  fault_ = status;
  const int marker = ::open(FaultMarker(dir_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (marker >= 0) ::close(marker);
  return status;
}

absl::Status SqliteStore::WriteAll(std::span<const core::Event> events) {
  absl::Status status = connection_->Execute("BEGIN IMMEDIATE");
  if (!status.ok()) return status;
  for (const core::Event& event : events) {
    if (std::holds_alternative<core::SweepDeleted>(event)) purge_->Wake();
    status = writer_->Write(event);
    if (!status.ok()) return status;
  }
  status = writer_->Flush();
  if (status.ok()) status = purge_->Step(kPurgeRows);
  if (status.ok()) status = connection_->Execute("COMMIT");
  return status;
}

absl::Status SqliteStore::Commit(std::span<const core::Event> events) {
  if (!fault_.ok()) return fault_;
  if (std::none_of(events.begin(), events.end(), EventWriter::IsDurable)) return absl::OkStatus();
  absl::Status status = WriteAll(events);
  if (!status.ok()) {
    if (connection_->in_transaction()) Note(connection_->Execute("ROLLBACK")).IgnoreError();
    writer_->Forget();
    purge_->Wake();
    return Note(std::move(status));
  }
  // The events are safe whatever happens here; a fault that must end the process ends it at the next commit.
  if (connection_->log_frames() >= checkpoint_frames_) Note(connection_->Checkpoint()).IgnoreError();
  return absl::OkStatus();
}

absl::Status SqliteStore::Probe() {
  if (!fault_.ok()) return fault_;
  // A page of the log.
  return Note(connection_->Execute(absl::StrCat("PRAGMA user_version = ", SchemaVersion())));
}

absl::StatusOr<bool> SqliteStore::RemoveOld(core::WallTime now) {
  const bool purges = !purge_->idle();
  if (!purges && !keep_metrics_) return false;
  absl::Status status = connection_->Execute("BEGIN IMMEDIATE");
  if (status.ok()) status = purge_->Step(kPurgeRows);
  uint64_t removed = 0;
  if (status.ok() && keep_metrics_) {
    absl::StatusOr<uint64_t> points = retention_->Step(now - *keep_metrics_, kPurgeRows);
    status = points.status();
    if (points.ok()) removed = *points;
  }
  if (status.ok()) status = connection_->Execute("COMMIT");
  if (!status.ok()) {
    if (connection_->in_transaction()) Note(connection_->Execute("ROLLBACK")).IgnoreError();
    purge_->Wake();
    return status;
  }
  return purges || removed > 0;
}

absl::StatusOr<bool> SqliteStore::GiveBackSpace() {
  bool worthwhile = false;
  absl::Status status = connection_->Each(
      "SELECT f.freelist_count, p.page_count, a.auto_vacuum FROM pragma_freelist_count f, "
      "pragma_page_count p, pragma_auto_vacuum a",
      [&](const Row& row) {
        const uint64_t free = row.number(0);
        worthwhile = row.integer(2) == 2 && free >= kFewFreePages && free >= row.number(1) / 4;
      });
  if (status.ok() && worthwhile) {
    status = connection_->Execute(absl::StrCat("PRAGMA incremental_vacuum(", kPagesGivenBack, ")"));
  }
  if (!status.ok()) return status;
  return worthwhile;
}

absl::StatusOr<bool> SqliteStore::Tidy(core::WallTime now) {
  if (!fault_.ok()) return fault_;
  absl::StatusOr<bool> more = RemoveOld(now);
  if (more.ok() && !*more) more = GiveBackSpace();
  if (!more.ok()) return Note(more.status());
  if (connection_->log_frames() >= checkpoint_frames_) Note(connection_->Checkpoint()).IgnoreError();
  return more;
}

absl::StatusOr<core::Snapshot> SqliteStore::Load() { return ReadSnapshot(*connection_); }

absl::StatusOr<core::FinishedTrial> SqliteStore::FindFinished(const core::TrialKey& key) {
  std::optional<core::FinishedTrial> found;
  const absl::Status status = connection_->Each(
      "SELECT t.state, t.accepted, t.next_sequence, t.outcome, coalesce(t.outcome_message, t.message), "
      "t.weights_digest, d.text, e.text FROM sweep s JOIN trial t ON t.sweep = s.key AND t.idx = ?2 "
      "LEFT JOIN symbol d ON d.key = t.data_digest LEFT JOIN symbol e ON e.key = t.engine_fingerprint "
      "WHERE s.id = ?1 AND t.state > 2",
      [&](const Row& row) {
        const StoredOutcome outcome{static_cast<int>(row.integer(3)), row.string(4), row.string(5), row.string(6),
                                    row.string(7)};
        found = core::FinishedTrial{static_cast<core::TrialState>(row.integer(0)),
                                    static_cast<uint32_t>(row.integer(1)), outcome.Identity(), row.number(2)};
      },
      key.sweep, key.index);
  if (!status.ok()) return status;
  if (!found) return absl::NotFoundError(absl::StrCat("trial ", key.sweep, "/", key.index, " has not ended"));
  return *std::move(found);
}

absl::StatusOr<core::CreateSweep::Stored> SqliteStore::FindRequest(const std::string& request_id) {
  std::optional<core::CreateSweep::Stored> found;
  const absl::Status status = connection_->Each(
      "SELECT id, spec_digest FROM sweep WHERE request_id = ?1 AND request_id <> ''",
      [&](const Row& row) {
        found = core::CreateSweep::Stored{row.string(0), row.string(1)};
      },
      request_id);
  if (!status.ok()) return status;
  if (!found) return absl::NotFoundError(absl::StrCat("no sweep was created by request ", request_id));
  return *std::move(found);
}

absl::StatusOr<std::vector<core::RetrySweep::Failed>> SqliteStore::FailedTrials(const core::SweepId& id) {
  std::vector<core::RetrySweep::Failed> failed;
  const absl::Status status = connection_->Each(
      "SELECT t.idx, t.attempts FROM sweep s CROSS JOIN trial t ON t.sweep = s.key AND t.state = 6 WHERE s.id = ?1 "
      "ORDER BY t.idx",
      [&](const Row& row) {
        failed.push_back({row.number(0), static_cast<uint32_t>(row.integer(1))});
      },
      id);
  if (!status.ok()) return status;
  return failed;
}

absl::StatusOr<core::KnownResult> SqliteStore::FindResult(const core::Computation& computation) {
  return results_->Find(computation);
}

absl::StatusOr<v1::SweepSpec> SqliteStore::FindSpec(const core::SweepId& id) { return ReadSpec(*connection_, id); }

absl::Status SqliteStore::LimitPages(uint32_t pages) {
  return connection_->Execute(absl::StrCat("PRAGMA max_page_count = ", pages == 0 ? 1073741823u : pages));
}

}  // namespace basin::server::store
