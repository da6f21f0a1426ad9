#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/store/memory_store.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/history.h"
#include "tests/support/temp_dir.h"

// What tests of the promises of every kind of store begin with.
namespace basin::server::store {

inline constexpr core::WallTime kTime = std::chrono::seconds(1700000000);

// A store of some kind, and the crash of its server.
class Specimen {
 public:
  virtual ~Specimen() = default;
  virtual Store& store() = 0;
  virtual void Reopen() = 0;
  // The next commit does not succeed.
  virtual void BreakNextCommit() = 0;
  virtual void Mend() = 0;
};

class MemorySpecimen : public Specimen {
 public:
  Store& store() override { return store_; }
  void Reopen() override {}
  void BreakNextCommit() override { store_.FailNextCommit(absl::ResourceExhaustedError("full")); }
  void Mend() override {}

 private:
  MemoryStore store_;
};

class SqliteSpecimen : public Specimen {
 public:
  SqliteSpecimen() { Reopen(); }
  Store& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    auto opened = SqliteStore::Open(dir_.path().string());
    if (!opened.ok()) FAIL() << opened.status();
    store_ = *std::move(opened);
  }
  void BreakNextCommit() override { ASSERT_TRUE(store_->LimitPages(1).ok()); }
  void Mend() override { ASSERT_TRUE(store_->LimitPages(0).ok()); }

 private:
  tests::TempDir dir_;
  std::unique_ptr<SqliteStore> store_;
};

using MakeSpecimen = std::unique_ptr<Specimen> (*)();

// The same test for each kind.
class StoreContractTest : public ::testing::TestWithParam<std::pair<const char*, MakeSpecimen>> {
 protected:
  Store& store() { return specimen_->store(); }
  void Commit(const std::vector<core::Event>& events) {
    const absl::Status status = store().Commit(events);
    ASSERT_TRUE(status.ok()) << status;
  }
  core::Snapshot Load() {
    auto snapshot = store().Load();
    EXPECT_TRUE(snapshot.ok()) << snapshot.status();
    return snapshot.ok() ? *std::move(snapshot) : core::Snapshot();
  }
  core::State Restored() { return core::State::Restore({}, Load(), {}); }

  // A sweep of `trials` trials, and a worker.
  void Begin(uint64_t trials = 4) {
    tests::RealSweep sweep;
    sweep.batch_sizes = trials;
    definition_ = sweep.Build();
    Commit({core::SweepCreated{"s", definition_, "request", "digest", kTime},
            core::WorkerRegistered{"w", tests::Description("name"), kTime, {}}});
  }
  core::TrialLeased Leased(uint64_t index, uint32_t attempt = 1) {
    core::TrialLeased event;
    event.key = {"s", index};
    event.attempt = attempt;
    event.config = index;
    event.params = definition_->space->Params(index);
    event.worker = "w";
    event.at = kTime;
    return event;
  }
  static core::PointsAppended Points(uint64_t index, uint64_t first_sequence, std::vector<core::Point> points) {
    return {{"s", index}, 1, first_sequence, std::move(points)};
  }
  static core::TrialFinished Finished(uint64_t index, core::TrialState state, uint32_t attempt = 1) {
    core::TrialFinished event;
    event.key = {"s", index};
    event.attempt = attempt;
    event.state = state;
    event.worker = "w";
    event.at = kTime;
    return event;
  }
  static core::TrialFinished Succeeded(uint64_t index, double objective) {
    core::TrialFinished event = Finished(index, core::TrialState::kSucceeded);
    event.objective = objective;
    event.metrics = {{"val_loss", objective}};
    event.outcome.emplace();
    event.outcome->kind = core::OutcomeKind::kSucceeded;
    event.outcome->weights_digest = "weights";
    event.outcome->data_digest = "data";
    event.outcome->engine_fingerprint = "engine-1";
    return event;
  }

  std::unique_ptr<Specimen> specimen_ = GetParam().second();
  std::shared_ptr<const core::SweepDefinition> definition_;
};

inline const auto kKinds = ::testing::Values(
    std::pair<const char*, MakeSpecimen>{
        "Memory", []() -> std::unique_ptr<Specimen> { return std::make_unique<MemorySpecimen>(); }},
    std::pair<const char*, MakeSpecimen>{
        "Sqlite", []() -> std::unique_ptr<Specimen> { return std::make_unique<SqliteSpecimen>(); }});
inline const auto kKindName = [](const auto& kind) { return std::string(kind.param.first); };

}  // namespace basin::server::store
