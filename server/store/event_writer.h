#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/best_trials.h"
#include "server/core/event.h"
#include "server/store/block_settler.h"
#include "server/store/event_statements.h"
#include "server/store/schema.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Turns events into rows, inside a transaction that the caller begins and ends. What changes with every trial of a
// sweep (its counts, its best, its next index) and of a worker is gathered and written once, by Flush; there, too,
// blocks of trials that have all ended are settled.
class EventWriter {
 public:
  // `connection` must outlive the writer and have the newest schema.
  static absl::StatusOr<std::unique_ptr<EventWriter>> Create(Connection& connection);

  // False for what lives in memory alone.
  static bool IsDurable(const core::Event& event);

  // REQUIRES: the event is legal after those already written. What it can't find (a sweep, a trial that ends) is
  // INTERNAL.
  absl::Status Write(const core::Event& event);
  // Call before COMMIT.
  absl::Status Flush();
  // Call after ROLLBACK: forgets what is remembered of rows.
  void Forget();

 private:
  // What is remembered of a sweep's row.
  struct Sweep {
    int64_t key = 0;
    core::TrialCounts counts;
    uint64_t next_index = 0;
    std::set<uint64_t> ended_in;  // Blocks of trials (outcome_block) in which some ended since the last Flush.
    core::BestTrials best;
    std::optional<int64_t> started_at;
    bool changed = false;
  };

  EventWriter(Connection& connection, std::unique_ptr<EventStatements> sql, std::unique_ptr<BlockSettler> settler)
      : connection_(connection), sql_(std::move(sql)), settler_(std::move(settler)) {}

  absl::Status On(const core::SweepCreated& event);
  absl::Status On(const core::SweepStateChanged& event);
  absl::Status On(const core::SweepPinned& event);
  absl::Status On(const core::SweepDeleted& event);
  absl::Status On(const core::TrialReused& event);
  absl::Status On(const core::TrialLeased& event);
  absl::Status On(const core::PointsAppended& event);
  absl::Status On(const core::CheckpointAdded& event);
  absl::Status On(const core::CheckpointRejected& event);
  absl::Status On(const core::WeightsAdded& event);
  absl::Status On(const core::WeightsDropped& event);
  absl::Status On(const core::TrialRequeued& event);
  absl::Status On(const core::TrialFinished& event);
  absl::Status On(const core::PendingCancelled& event);
  absl::Status On(const core::TrialRetried& event);
  absl::Status On(const core::WorkerRegistered& event);
  absl::Status On(const core::WorkerStateChanged& event);
  absl::Status On(const core::WorkerSetAside& event);
  absl::Status On(const core::Audited& event);
  absl::Status On(const core::WorkerBlamed&) { return absl::OkStatus(); }
  absl::Status On(const core::LeasesRenewed&) { return absl::OkStatus(); }
  absl::Status On(const core::DeadlinesPutOff&) { return absl::OkStatus(); }
  absl::Status On(const core::LeaseAnswered&) { return absl::OkStatus(); }

  absl::StatusOr<Sweep*> FindSweep(const core::SweepId& id);
  // Nothing for a worker that the database does not have.
  absl::StatusOr<std::optional<int64_t>> FindWorker(const core::WorkerId& id);
  absl::StatusOr<int64_t> Symbol(const std::string& text);
  // Of a trial that begins for the first time. `digest`: of its workload, or empty.
  absl::Status AddConfig(int64_t sweep, uint64_t config, const std::vector<v1::Param>& params,
                         const std::string& digest);
  // The columns of a result.
  struct Result;
  absl::StatusOr<Result> ResultColumns(const core::Outcome& outcome, const std::map<std::string, double>& metrics);
  absl::Status PassOver(Sweep& sweep, uint64_t leased);
  // From where an attempt after the first goes on.
  absl::Status WriteResumption(int64_t sweep, uint64_t trial, uint32_t attempt,
                               const std::optional<core::Checkpoint>& from);
  absl::Status Log(core::WallTime at, EventKind kind, std::optional<int64_t> sweep, std::optional<uint64_t> trial,
                   std::optional<uint32_t> attempt, std::optional<int64_t> worker, const std::string& message);

  Connection& connection_;
  const std::unique_ptr<EventStatements> sql_;
  const std::unique_ptr<BlockSettler> settler_;
  std::map<core::SweepId, Sweep> sweeps_;
  std::map<core::WorkerId, int64_t> workers_;
  std::map<std::string, int64_t> symbols_;
  std::map<int64_t, uint64_t> finished_by_worker_;
};

}  // namespace basin::server::store
