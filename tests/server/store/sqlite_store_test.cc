// What the store in a file promises beyond the contract: the file itself, damage, full disks, a second server.

#include "server/store/sqlite_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/store/schema.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

using ::testing::HasSubstr;
using tests::StoredSweep;
namespace fs = std::filesystem;

int64_t Count(const std::string& dir, const std::string& sql) {
  auto reader = Connection::Open(SqliteStore::DatabasePath(dir), Connection::Mode::kReadOnly);
  if (!reader.ok()) return -1;
  auto statement = (*reader)->Prepare(sql);
  if (!statement.ok()) return -2;
  int64_t count = -3;
  const absl::Status status = statement->Each([&](const Row& row) {
    count = row.integer(0);
    return absl::OkStatus();
  });
  return status.ok() ? count : -4;
}

void Overwrite(const fs::path& file, std::streamoff at, const std::string& bytes) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(at);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(stream.good());
}

// Everything in the file itself, nothing in its log.
void CloseWithoutLog(StoredSweep& stored) {
  stored.Close();
  ASSERT_FALSE(fs::exists(stored.dir() + "/basin.db-wal"));
}

TEST(SqliteStoreTest, MakesTheDataDir) {
  tests::TempDir dir;
  const std::string nested = (dir.path() / "a" / "b").string();
  auto store = SqliteStore::Open(nested);
  EXPECT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE(fs::exists(nested + "/basin.db"));
}

TEST(SqliteStoreTest, AProbeWritesAPageOfTheLog) {
  StoredSweep stored;
  const fs::path log = stored.dir() + "/basin.db-wal";
  const uintmax_t before = fs::file_size(log);
  ASSERT_TRUE(stored.store().Probe().ok());
  EXPECT_GT(fs::file_size(log), before);
}

TEST(SqliteStoreTest, SecondOpenerIsRefusedAndNamesTheFirst) {
  StoredSweep stored;
  const auto second = SqliteStore::Open(stored.dir());
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status()));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(stored.dir()));
}

TEST(SqliteStoreTest, LockGoesWithItsHolder) {
  StoredSweep stored;
  stored.Close();
  stored.Open();
}

TEST(SqliteStoreTest, CommitsSurviveAProcessThatDies) {
  StoredSweep stored;
  stored.Close();
  const pid_t child = ::fork();
  if (child == 0) {
    auto store = SqliteStore::Open(stored.dir());
    const std::vector<core::Event> events = {stored.Leased(5)};
    const bool committed = store.ok() && (*store)->Commit(events).ok();
    ::_exit(committed ? 0 : 1);  // Without closing anything, as after kill -9.
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(stored.dir() + "/basin.db-wal"));
  stored.Open();
  EXPECT_EQ(stored.store().Load()->open.size(), 2u);
}

TEST(SqliteStoreTest, EventsOfMemoryAloneWriteNothing) {
  StoredSweep stored;
  const auto before = fs::file_size(stored.dir() + "/basin.db-wal");
  stored.Commit(
      {core::LeasesRenewed{"w", {{"s", 2}}, {}, {}}, core::LeaseAnswered{"w", "r", {}}, core::WorkerBlamed{"w", {}}});
  EXPECT_EQ(fs::file_size(stored.dir() + "/basin.db-wal"), before);
}

TEST(SqliteStoreTest, FullDiskIsResourceExhaustedUntilThereIsSpaceAgain) {
  StoredSweep stored;
  ASSERT_TRUE(stored.store().LimitPages(1).ok());
  std::vector<core::Event> events;
  for (uint64_t i = 0; i < 5000; ++i) {
    events.push_back(core::PointsAppended{{"s", 2}, 1, 1 + i, {{"val_loss", i, 0.5, 1, 1}}});
  }
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(absl::IsResourceExhausted(stored.store().Commit(events)));
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM metrics WHERE trial = 2"), 1);
  ASSERT_TRUE(stored.store().LimitPages(0).ok());
  stored.Commit(events);
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM metrics WHERE trial = 2"), 5001);
}

TEST(SqliteStoreTest, OverwrittenHeaderIsDataLoss) {
  StoredSweep stored;
  CloseWithoutLog(stored);
  Overwrite(stored.dir() + "/basin.db", 0, "This is no database at all.");
  const absl::Status status = SqliteStore::Open(stored.dir()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("basin.db"));
}

TEST(SqliteStoreTest, TruncatedFileIsDataLoss) {
  StoredSweep stored;
  CloseWithoutLog(stored);
  const fs::path file = stored.dir() + "/basin.db";
  fs::resize_file(file, fs::file_size(file) / 2 / 4096 * 4096);
  const absl::Status status = SqliteStore::Open(stored.dir()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(SqliteStoreTest, DamagedPageIsDataLossWhenItIsRead) {
  StoredSweep stored;
  CloseWithoutLog(stored);
  const int64_t page = Count(stored.dir(), "SELECT rootpage FROM sqlite_schema WHERE name = 'sweep'");
  ASSERT_GT(page, 1);
  Overwrite(stored.dir() + "/basin.db", (page - 1) * 4096, std::string(4096, '\x5a'));
  auto store = SqliteStore::Open(stored.dir());
  const absl::Status status = store.ok() ? (*store)->Load().status() : store.status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(SqliteStoreTest, DamagedSpecIsDataLossThatNamesTheSweep) {
  StoredSweep stored;
  stored.Close();
  ASSERT_TRUE((*Connection::Open(stored.dir() + "/basin.db", Connection::Mode::kReadWrite))
                  ->Execute("UPDATE sweep SET spec = x'ffffff'")
                  .ok());
  stored.Open();
  const absl::Status status = stored.store().Load().status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("sweep s"));
}

TEST(SqliteStoreTest, MissingTableIsDataLoss) {
  StoredSweep stored;
  stored.Close();
  ASSERT_TRUE(
      (*Connection::Open(stored.dir() + "/basin.db", Connection::Mode::kReadWrite))->Execute("DROP TABLE point").ok());
  const absl::Status status = SqliteStore::Open(stored.dir()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(SqliteStoreTest, EveryPageIsCheckedAfterAnIoFault) {
  StoredSweep stored;
  CloseWithoutLog(stored);
  // Nothing that opening reads.
  const int64_t page = Count(stored.dir(), "SELECT rootpage FROM sqlite_schema WHERE name = 'point'");
  Overwrite(stored.dir() + "/basin.db", (page - 1) * 4096 + 8, std::string(2000, '\x5a'));
  stored.Open();
  stored.Close();
  std::ofstream(stored.dir() + "/check-after-fault").close();
  const absl::Status status = SqliteStore::Open(stored.dir()).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

TEST(SqliteStoreTest, CheckAfterAFaultHappensOnce) {
  StoredSweep stored;
  stored.Close();
  std::ofstream(stored.dir() + "/check-after-fault").close();
  stored.Open();
  EXPECT_FALSE(fs::exists(stored.dir() + "/check-after-fault"));
}

TEST(SqliteStoreTest, EventThatCannotBeEndsTheStore) {
  StoredSweep stored;
  const std::vector<core::Event> impossible = {StoredSweep::Finished(7, core::TrialState::kSucceeded, 1)};
  EXPECT_TRUE(absl::IsInternal(stored.store().Commit(impossible)));
  const std::vector<core::Event> fine = {stored.Leased(5)};
  EXPECT_TRUE(absl::IsInternal(stored.store().Commit(fine)));
}

TEST(SqliteStoreTest, LogIsMovedIntoTheFileAsItGrows) {
  StoredSweep stored;
  uint64_t sequence = 1;
  for (int commit = 0; commit < 300; ++commit) {
    std::vector<core::Event> events;
    for (int i = 0; i < 1000; ++i, ++sequence) {
      events.push_back(core::PointsAppended{{"s", 2}, 1, sequence, {{"val_loss", sequence, 0.1, 0.3, sequence}}});
    }
    stored.Commit(events);
  }
  EXPECT_LT(fs::file_size(stored.dir() + "/basin.db-wal"), 24u << 20);
  EXPECT_GT(fs::file_size(stored.dir() + "/basin.db"), 4u << 20);
}

TEST(SqliteStoreTest, TheAuditStaysWhenItsSweepGoesAndIsNeverChanged) {
  StoredSweep stored;
  stored.Commit({core::SweepStateChanged{"s", core::SweepState::kCancelled, "", nullptr, StoredSweep::kTime},
                 core::Audited{"alice", "cancel sweep", "s", StoredSweep::kTime}});
  stored.Commit(
      {core::SweepDeleted{"s", StoredSweep::kTime}, core::Audited{"root", "delete sweep", "s", StoredSweep::kTime}});
  EXPECT_EQ(Count(stored.dir(),
                  "SELECT count(*) FROM audit WHERE actor = 'alice' AND action = 'cancel sweep' AND "
                  "subject = 's' AND time = '2023-11-14T22:13:20.250Z'"),
            1);
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM audit"), 2);
  stored.Close();
  const auto connection = Connection::Open(SqliteStore::DatabasePath(stored.dir()), Connection::Mode::kReadWrite);
  for (const char* change :
       {"UPDATE audit_entry SET actor = 'bob'", "DELETE FROM audit_entry", "DELETE FROM audit_entry WHERE key = 1"}) {
    EXPECT_THAT(std::string((*connection)->Execute(change).message()), ::testing::HasSubstr("append-only")) << change;
  }
}

TEST(SqliteStoreTest, RowsOfADeletedSweepGoPieceByPiece) {
  StoredSweep stored;
  std::vector<core::Event> events;
  for (uint64_t i = 0; i < 5000; ++i) {
    events.push_back(core::PointsAppended{{"s", 2}, 1, 1 + i, {{"val_loss", i, 0.5, 1, 1}}});
  }
  stored.Commit(events);
  stored.Commit({core::SweepDeleted{"s", StoredSweep::kTime}});
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM metrics"), 0);
  EXPECT_GT(Count(stored.dir(), "SELECT count(*) FROM point"), 1000);
  for (uint64_t i = 0; i < 10; ++i) {
    stored.Commit({core::WorkerRegistered{"w" + std::to_string(i), tests::Description("other"), {}, {}}});
  }
  for (const char* table : {"point", "trial", "config", "param", "event WHERE trial IS NOT NULL"}) {
    EXPECT_EQ(Count(stored.dir(), std::string("SELECT count(*) FROM ") + table), 0) << table;
  }
}

TEST(SqliteStoreTest, PurgeGoesOnAfterARestart) {
  StoredSweep stored;
  std::vector<core::Event> events;
  for (uint64_t i = 0; i < 5000; ++i) {
    events.push_back(core::PointsAppended{{"s", 2}, 1, 1 + i, {{"val_loss", i, 0.5, 1, 1}}});
  }
  stored.Commit(events);
  stored.Commit({core::SweepDeleted{"s", StoredSweep::kTime}});
  stored.Close();
  stored.Open();
  for (uint64_t i = 0; i < 10; ++i) {
    stored.Commit({core::WorkerRegistered{"w" + std::to_string(i), tests::Description("other"), {}, {}}});
  }
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM point"), 0);
}

TEST(SqliteStoreTest, WhatHappenedToADeletedSweepStaysInTheEvents) {
  StoredSweep stored;
  stored.Commit({core::SweepDeleted{"s", StoredSweep::kTime}});
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM events WHERE sweep = 's' AND kind = 'sweep deleted'"), 1);
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM events WHERE sweep = 's' AND kind = 'sweep created'"), 1);
  EXPECT_EQ(Count(stored.dir(), "SELECT count(*) FROM events WHERE kind LIKE 'trial%'"), 0);
}

}  // namespace
}  // namespace basin::server::store
