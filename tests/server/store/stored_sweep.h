#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "server/store/sqlite_store.h"
#include "tests/server/store/history.h"
#include "tests/support/temp_dir.h"

namespace basin::tests {

// A data dir whose database has one sweep, `s`, of four configs and two seeds, with something of everything:
// trial 0 SUCCEEDED at its second attempt, 1 DIVERGED, 2 runs, 3 was lost and is queued, 4 FAILED, 5 to 7 were never
// leased. Worker `w` is called `name`.
class StoredSweep {
 public:
  static constexpr server::core::WallTime kTime = std::chrono::milliseconds(1700000000250);

  StoredSweep() {
    Open();
    RealSweep sweep;
    sweep.batch_sizes = 4;
    sweep.seeds = 2;
    definition_ = sweep.Build();
    Fill();
  }

  std::string dir() const { return dir_.path().string(); }
  server::store::SqliteStore& store() { return *store_; }
  void Close() { store_.reset(); }
  void Open() {
    auto opened = server::store::SqliteStore::Open(dir());
    if (!opened.ok()) {
      ADD_FAILURE() << opened.status();
      return;
    }
    store_ = *std::move(opened);
  }
  void Commit(const std::vector<server::core::Event>& events) {
    const absl::Status status = store_->Commit(events);
    EXPECT_TRUE(status.ok()) << status;
  }
  // Of trial 2; the file is not made.
  void AddCheckpoint(const std::string& sha256, uint64_t step = 5) {
    server::core::Checkpoint checkpoint;
    checkpoint.file = {server::core::ArtifactKind::kCheckpoint, "checkpoint", step, 100, sha256};
    checkpoint.attempt = 1;
    checkpoint.progress.next_sequence = 1;
    Commit({server::core::CheckpointAdded{{"s", 2}, checkpoint, kTime}});
  }

  server::core::TrialLeased Leased(uint64_t index, uint32_t attempt = 1) const {
    server::core::TrialLeased event;
    event.key = {"s", index};
    event.attempt = attempt;
    event.failures = attempt - 1;
    event.config = definition_->ConfigOf(index);
    event.seed = definition_->SeedPositionOf(index);
    event.params = definition_->space->Params(event.config);
    event.worker = "w";
    event.at = kTime;
    return event;
  }
  static server::core::TrialFinished Finished(uint64_t index, server::core::TrialState state, uint32_t attempt) {
    server::core::TrialFinished event;
    event.key = {"s", index};
    event.attempt = attempt;
    event.state = state;
    event.worker = "w";
    event.at = kTime + std::chrono::seconds(2);
    return event;
  }

 private:
  void Fill() {
    using namespace server::core;  // NOLINT: the tests' own view of the core.
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    Commit({SweepCreated{"s", definition_, "request", "digest", kTime},
            WorkerRegistered{"w", Description("name", 4), kTime, {}},
            SweepPinned{"s", {"engine-1", {{"digits", "digest-1"}}}}, Leased(0), Leased(1), Leased(2), Leased(3),
            Leased(4)});
    Commit({PointsAppended{{"s", 0}, 1, 0, {{"val_loss", 10, 9.5, 1, 160}}},
            TrialRequeued{{"s", 0}, 1, 1, "lost", kTime}, TrialRequeued{{"s", 3}, 1, 1, "lost", kTime}, Leased(0, 2)});
    TrialFinished best = Finished(0, TrialState::kSucceeded, 2);
    best.objective = 0.25;
    best.metrics = {{"val_loss", 0.25}, {"val_accuracy", 0.5}};
    best.outcome.emplace();
    best.outcome->kind = OutcomeKind::kSucceeded;
    best.outcome->weights_digest = "weights";
    best.outcome->data_digest = "digest-1";
    best.outcome->engine_fingerprint = "engine-1";
    best.outcome->duration = std::chrono::milliseconds(1500);
    best.next_sequence = 3;
    TrialFinished diverged = Finished(1, TrialState::kDiverged, 1);
    diverged.metrics = {{"val_loss", kNan}};
    diverged.message = "at step 7";
    diverged.outcome = best.outcome;
    diverged.outcome->kind = OutcomeKind::kDiverged;
    TrialFinished failed = Finished(4, TrialState::kFailed, 1);
    failed.message = "no memory";
    Commit({PointsAppended{
                {"s", 0},
                2,
                0,
                {{"val_loss", 10, 0.5, 1, 160}, {"val_accuracy", 10, 0.5, 1, 160}, {"val_loss", 20, 0.25, 2, 320}}},
            PointsAppended{{"s", 1}, 1, 0, {{"val_loss", 5, kNan, 0.5, 80}, {"val_loss", 6, kInfinity, 0.5, 96}}},
            PointsAppended{{"s", 2}, 1, 0, {{"val_loss", 5, -kInfinity, 0.5, 80}}}, best, diverged, failed});
  }

  TempDir dir_;
  std::unique_ptr<server::store::SqliteStore> store_;
  std::shared_ptr<const server::core::SweepDefinition> definition_;
};

}  // namespace basin::tests
