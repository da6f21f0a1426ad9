#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/event_writer.h"
#include "server/store/file_lock.h"
#include "server/store/metric_retention.h"
#include "server/store/result_finder.h"
#include "server/store/sqlite_db.h"
#include "server/store/store.h"
#include "server/store/sweep_purge.h"

namespace basin::server::store {

// The store in DIR/basin.db. Holds DIR/lock while it lives: one server for one data dir. The one connection here is the
// only one that writes and that moves the log into the file.
class SqliteStore : public Store {
 public:
  // Creates the folder and the database when they are not there, takes over the log after a crash, and brings the
  // schema up to date. After a run that ended with an I/O error every page is checked, which takes long.
  //
  // FAILED_PRECONDITION: another server uses the folder, or the database is of a newer program. DATA_LOSS: it is
  // damaged, or no basin database.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& dir);
  static std::string DatabasePath(const std::string& dir);

  absl::Status Commit(std::span<const core::Event> events) override;
  // Removes what is left of deleted sweeps and the points that KeepMetrics allows, and gives space back to the disk
  // when a quarter of the file is free. (A database that was made without incremental vacuum only uses it again.)
  absl::Status Probe() override;
  absl::StatusOr<bool> Tidy(core::WallTime now) override;
  // How long the metric points of an ended sweep are kept; nothing: for ever, as by default.
  void KeepMetrics(std::optional<core::WallTime> age) { keep_metrics_ = age; }
  absl::StatusOr<core::Snapshot> Load() override;
  absl::StatusOr<core::FinishedTrial> FindFinished(const core::TrialKey& key) override;
  absl::StatusOr<core::CreateSweep::Stored> FindRequest(const std::string& request_id) override;
  absl::StatusOr<std::vector<core::RetrySweep::Failed>> FailedTrials(const core::SweepId& id) override;
  absl::StatusOr<core::KnownResult> FindResult(const core::Computation& computation) override;
  absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& id) override;

  // Caps the database at so many pages of 4 KiB (0: no cap): at the cap, commits get RESOURCE_EXHAUSTED as on a full
  // disk. It is how tests fill the disk.
  absl::Status LimitPages(uint32_t pages);
  // The log is moved into the file when it has so many pages; by default 16 MiB of them. Tests want it sooner.
  void CheckpointAt(int frames) { checkpoint_frames_ = frames; }

 private:
  SqliteStore(std::string dir, FileLock lock) : dir_(std::move(dir)), lock_(std::move(lock)) {}
  absl::Status OpenDatabase();
  absl::Status CheckAfterFault();
  // The last run ended with an I/O error.
  bool HadFault() const;
  // True: something was removed.
  absl::StatusOr<bool> RemoveOld(core::WallTime now);
  absl::StatusOr<bool> GiveBackSpace();
  absl::Status WriteAll(std::span<const core::Event> events);
  // Remembers what must end the process.
  absl::Status Note(absl::Status status);

  std::string dir_;
  FileLock lock_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<EventWriter> writer_;
  std::unique_ptr<SweepPurge> purge_;
  std::unique_ptr<MetricRetention> retention_;
  std::unique_ptr<ResultFinder> results_;
  std::optional<core::WallTime> keep_metrics_;
  int checkpoint_frames_ = 4096;
  absl::Status fault_;  // INTERNAL or DATA_LOSS: nothing is written any more.
};

}  // namespace basin::server::store
