// Columns of settled blocks are those of the trials' rows, whatever has happened.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_store.h"
#include "tests/server/store/history.h"
#include "tests/server/store/listed_outcomes.h"
#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

using core::TrialState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A store, and what others see of it.
class SettledBlocksTest : public ::testing::Test {
 protected:
  SettledBlocksTest() {
    store_ = *SqliteStore::Open(dir_.path().string());
    queries_ = *SqliteQueries::Open(dir_.path().string(), [] { return core::MonoTime(); });
    reader_ = *Connection::Open(SqliteStore::DatabasePath(dir_.path().string()), Connection::Mode::kReadOnly);
  }

  void ExpectColumnsAreRows(const core::SweepId& sweep) {
    const auto outcomes = queries_->Outcomes(sweep);
    ASSERT_TRUE(outcomes.ok()) << outcomes.status();
    const auto columns = tests::ListColumns(**outcomes);
    ASSERT_TRUE(columns.ok()) << columns.status();
    const auto rows = tests::ListRows(*reader_, sweep);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*columns, *rows);
  }
  // Numbers of blocks, of whichever sweep.
  std::vector<uint64_t> Settled() {
    std::vector<uint64_t> blocks;
    EXPECT_TRUE(reader_
                    ->Each("SELECT block FROM settled_column WHERE metric = 0 ORDER BY block",
                           [&](const Row& row) { blocks.push_back(row.number(0)); })
                    .ok());
    return blocks;
  }
  void Commit(const std::vector<core::Event>& events) {
    const absl::Status status = store_->Commit(events);
    ASSERT_TRUE(status.ok()) << status;
  }

  // A sweep of `trials` trials.
  void Create(uint64_t trials) {
    tests::RealSweep sweep;
    sweep.batch_sizes = 2;
    sweep.seeds = trials / 2;
    definition_ = sweep.Build();
    Commit({core::SweepCreated{"s", definition_, "", "", {}}});
  }
  void Lease(uint64_t begin, uint64_t end, uint32_t attempt = 1) {
    std::vector<core::Event> events;
    for (uint64_t index = begin; index < end; ++index) {
      core::TrialLeased leased;
      leased.key = {"s", index};
      leased.attempt = attempt;
      leased.config = definition_->ConfigOf(index);
      leased.seed = definition_->SeedPositionOf(index);
      leased.params = definition_->space->Params(leased.config);
      events.push_back(leased);
    }
    Commit(events);
  }
  void Finish(uint64_t begin, uint64_t end, TrialState state = TrialState::kSucceeded) {
    std::vector<core::Event> events;
    for (uint64_t index = begin; index < end; ++index) {
      core::TrialFinished finished;
      finished.key = {"s", index};
      finished.attempt = 1;
      finished.state = state;
      const double value = static_cast<double>(index);
      if (state == TrialState::kSucceeded) {
        finished.objective = value;
        finished.metrics = {{"val_loss", value}, {absl::StrCat("of_", index % 3), -value}};
      }
      if (state == TrialState::kDiverged) finished.metrics = {{"val_loss", value}, {"of_diverged", value}};
      events.push_back(finished);
    }
    Commit(events);
  }

  tests::TempDir dir_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<SqliteQueries> queries_;
  std::unique_ptr<Connection> reader_;
  std::shared_ptr<const core::SweepDefinition> definition_;
};

TEST_F(SettledBlocksTest, BlockIsSettledWhenItsLastTrialEnds) {
  Create(3000);
  Lease(0, 3000);
  Finish(0, 1023);
  EXPECT_THAT(Settled(), IsEmpty());
  Finish(1023, 2047);
  EXPECT_THAT(Settled(), ElementsAre(0));
  Finish(2048, 3000, TrialState::kDiverged);
  EXPECT_THAT(Settled(), ElementsAre(0, 2));
  ExpectColumnsAreRows("s");
  Finish(2047, 2048);
  EXPECT_THAT(Settled(), ElementsAre(0, 1, 2));
  ExpectColumnsAreRows("s");
}

TEST_F(SettledBlocksTest, BlockWaitsForATrialThatWasPassedOver) {
  Create(2048);
  Lease(0, 5);
  Lease(6, 2048);
  Finish(0, 5);
  Finish(6, 2048);
  EXPECT_THAT(Settled(), ElementsAre(1));
  Lease(5, 6);
  ExpectColumnsAreRows("s");
  Finish(5, 6);
  EXPECT_THAT(Settled(), ElementsAre(0, 1));
  ExpectColumnsAreRows("s");
}

TEST_F(SettledBlocksTest, BlockWaitsForATrialThatIsQueuedAgain) {
  Create(1024);
  Lease(0, 1024);
  Commit({core::TrialRequeued{{"s", 7}, 1, 1, "lost", {}}});
  Finish(0, 7);
  Finish(8, 1024);
  EXPECT_THAT(Settled(), IsEmpty());
  ExpectColumnsAreRows("s");
}

TEST_F(SettledBlocksTest, TrialThatIsTriedAgainUnsettlesItsBlockAlone) {
  Create(2048);
  Lease(0, 2048);
  Finish(0, 9);
  Finish(9, 10, TrialState::kFailed);
  Finish(10, 2048);
  EXPECT_THAT(Settled(), ElementsAre(0, 1));
  Commit({core::TrialRetried{{"s", 9}, 1, {}}});
  EXPECT_THAT(Settled(), ElementsAre(1));
  ExpectColumnsAreRows("s");
  Lease(9, 10, 2);
  Finish(9, 10);
  EXPECT_THAT(Settled(), ElementsAre(0, 1));
  ExpectColumnsAreRows("s");
}

TEST_F(SettledBlocksTest, BlockOfACancelledSweepHasOnlyTrialsThatWereLeased) {
  Create(2048);
  Lease(0, 3);
  Commit({core::PendingCancelled{"s", 2045}});
  Finish(0, 3, TrialState::kCancelled);
  EXPECT_THAT(Settled(), ElementsAre(0));
  ExpectColumnsAreRows("s");
}

TEST_F(SettledBlocksTest, RemovedSweepLeavesNoColumns) {
  Create(1024);
  Lease(0, 1024);
  Finish(0, 1024);
  Commit({core::SweepDeleted{"s", {}}});
  for (bool more = true; more;) more = *store_->Tidy({});
  EXPECT_THAT(Settled(), IsEmpty());
}

TEST_F(SettledBlocksTest, DamagedColumnsAreRefused) {
  Create(1024);
  Lease(0, 1024);
  Finish(0, 1024);
  store_.reset();
  auto writer = *Connection::Open(SqliteStore::DatabasePath(dir_.path().string()), Connection::Mode::kReadWrite);
  ASSERT_TRUE(writer->Execute("UPDATE settled_column SET bytes = substr(bytes, 2)").ok());
  const auto outcomes = queries_->Outcomes("s");
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_TRUE(absl::IsDataLoss(tests::ListColumns(**outcomes).status()));
}

TEST_F(SettledBlocksTest, ColumnsThatAreNotThoseOfTheRowsAreDamage) {
  Create(1024);
  Lease(0, 1024);
  Finish(0, 1024);
  store_.reset();
  const auto damages = [this] { return CheckDataDir(dir_.path().string())->damages; };
  EXPECT_THAT(damages(), IsEmpty());
  auto writer = *Connection::Open(SqliteStore::DatabasePath(dir_.path().string()), Connection::Mode::kReadWrite);
  ASSERT_TRUE(writer->Execute("UPDATE trial SET objective = 7.5 WHERE idx = 5").ok());
  EXPECT_THAT(damages(), ElementsAre(::testing::HasSubstr("outcomes of trials 0 and following of sweep s")));
}

TEST_F(SettledBlocksTest, WhateverHappensColumnsAreRows) {
  tests::History history(1, store_.get());
  for (int step = 0; step < 700; ++step) {
    ASSERT_TRUE(history.Step().ok());
    if (step % 20 != 0) continue;
    for (const auto& [id, sweep] : history.state().sweeps()) {
      SCOPED_TRACE(absl::StrCat("step ", step, ", sweep ", id));
      ExpectColumnsAreRows(id);
      if (HasFailure()) return;
    }
  }
  EXPECT_THAT(Settled(), ::testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace basin::server::store
