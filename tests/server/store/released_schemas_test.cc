// Every schema that was released is brought forward with all that it holds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "proto/contract/digest.h"
#include "server/store/data_dir.h"
#include "server/store/schema.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_store.h"
#include "server/store/views.h"
#include "tests/server/store/plain_database.h"
#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A data dir as the program of that schema left it.
class ReleasedSchemaTest : public ::testing::TestWithParam<int> {
 protected:
  ReleasedSchemaTest() {
    std::ifstream file(std::string(SOURCE_DIR) + "/tests/server/store/released/schema-" + std::to_string(GetParam()) +
                       ".sql");
    std::stringstream sql;
    sql << file.rdbuf();
    const std::string path = SqliteStore::DatabasePath(dir_.path().string());
    if (had_page_checksums()) {
      EXPECT_TRUE((*Connection::Open(path, Connection::Mode::kReadWrite))->Execute(sql.str()).ok());
    } else {
      tests::MakePlainDatabase(path, sql.str());
    }
    const auto connection = Connection::Open(path, Connection::Mode::kReadOnly);
    EXPECT_EQ(*ReadSchemaVersion(**connection), static_cast<uint32_t>(GetParam()));
    if (GetParam() < 2) return;
    // The checkpoint that one of its running trials has.
    std::filesystem::create_directory(dir_.path() / "artifacts");
    std::ofstream(dir_.path() / "artifacts" / contract::Sha256Hex("checkpoint\n")) << "checkpoint\n";
  }

  static bool had_page_checksums() { return GetParam() >= 7; }

  const core::SweepRecord* Find(const core::Snapshot& snapshot, const std::string& name) {
    for (const auto& sweep : snapshot.sweeps) {
      if (sweep.name == name) return &sweep;
    }
    return nullptr;
  }

  tests::TempDir dir_;
};

TEST_P(ReleasedSchemaTest, OpensAtTheNewestSchemaWithEverySweep) {
  const auto store = SqliteStore::Open(dir_.path().string());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto snapshot = (*store)->Load();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_THAT(snapshot->sweeps, SizeIs(4));
  const core::SweepRecord* finished = Find(*snapshot, "finished-one");
  ASSERT_NE(finished, nullptr);
  EXPECT_EQ(finished->state, core::SweepState::kFinished);
  EXPECT_EQ(finished->counts.succeeded, 4u);
  const core::SweepRecord* running = Find(*snapshot, "running-one");
  ASSERT_NE(running, nullptr);
  EXPECT_EQ(running->counts.running, 2u);
  EXPECT_EQ(running->counts.pending, 2u);
  // Only the first was known before schema 8.
  EXPECT_THAT(finished->best, SizeIs(1));
  EXPECT_TRUE((*store)->FindFinished({finished->id, 3}).ok());
}

TEST_P(ReleasedSchemaTest, ARunningTrialKeepsItsCheckpoint) {
  if (GetParam() < 2) GTEST_SKIP() << "schema 1 has no checkpoints";
  const auto store = SqliteStore::Open(dir_.path().string());
  ASSERT_TRUE(store.ok()) << store.status();
  size_t checkpoints = 0;
  const auto snapshot = (*store)->Load();
  for (const core::OpenTrial& trial : snapshot->open) checkpoints += trial.checkpoints.size();
  EXPECT_EQ(checkpoints, 1u);
}

TEST_P(ReleasedSchemaTest, ItsTrialsAndPointsAreReadAsBefore) {
  const auto store = SqliteStore::Open(dir_.path().string());
  ASSERT_TRUE(store.ok()) << store.status();
  const auto queries = SqliteQueries::Open(dir_.path().string(), [] { return core::MonoTime(); });
  ASSERT_TRUE(queries.ok()) << queries.status();
  const core::SweepId sweep = Find(*(*store)->Load(), "finished-one")->id;
  const auto trials = (*queries)->Trials(sweep, 0, {}, 100);
  ASSERT_TRUE(trials.ok()) << trials.status();
  ASSERT_THAT(*trials, SizeIs(4));
  EXPECT_EQ((*trials)[0].state(), v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_THAT((*trials)[0].weights_digest(), SizeIs(64));
  const auto points = (*queries)->Points(sweep, 0, "val_loss", {}, 100);
  ASSERT_TRUE(points.ok()) << points.status();
  EXPECT_THAT(points->points, SizeIs(2));
  EXPECT_TRUE((*queries)->FindSpec(sweep).ok());
}

TEST_P(ReleasedSchemaTest, EveryViewIsReadWithoutAnError) {
  ASSERT_TRUE(SqliteStore::Open(dir_.path().string()).ok());
  const auto connection =
      Connection::Open(SqliteStore::DatabasePath(dir_.path().string()), Connection::Mode::kReadOnly);
  for (const View& view : DocumentedViews()) {
    auto statement = (*connection)->Prepare("SELECT * FROM " + view.name);
    ASSERT_TRUE(statement.ok()) << view.name << ": " << statement.status();
    EXPECT_TRUE(statement->Run().ok()) << view.name;
  }
}

TEST_P(ReleasedSchemaTest, ItIsWholeBeforeAndAfter) {
  EXPECT_THAT(CheckDataDir(dir_.path().string())->damages, IsEmpty());
  ASSERT_TRUE(SqliteStore::Open(dir_.path().string()).ok());
  const auto report = CheckDataDir(dir_.path().string());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->damages, IsEmpty());
  EXPECT_EQ(report->schema_version, SchemaVersion());
}

TEST_P(ReleasedSchemaTest, EveryPageHasAChecksumAfterwardsAndOnceIsEnough) {
  const std::string path = SqliteStore::DatabasePath(dir_.path().string());
  EXPECT_EQ((*Connection::Open(path, Connection::Mode::kReadOnly))->has_page_checksums(), had_page_checksums());
  ASSERT_TRUE(SqliteStore::Open(dir_.path().string()).ok());
  EXPECT_TRUE((*Connection::Open(path, Connection::Mode::kReadOnly))->has_page_checksums());
  // Which writing it anew raises.
  const auto generation = [&path] {
    int64_t found = 0;
    const auto connection = Connection::Open(path, Connection::Mode::kReadOnly);
    EXPECT_TRUE((*connection)->Each("PRAGMA schema_version", [&](const Row& row) { found = row.integer(0); }).ok());
    return found;
  };
  const int64_t before = generation();
  ASSERT_TRUE(SqliteStore::Open(dir_.path().string()).ok());
  EXPECT_EQ(generation(), before);
}

TEST_P(ReleasedSchemaTest, ABackupOfItIsAsItWas) {
  const std::string backup = (dir_.path() / "backup").string();
  const absl::Status status = BackUp(dir_.path().string(), backup);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ((*Connection::Open(SqliteStore::DatabasePath(backup), Connection::Mode::kReadOnly))->has_page_checksums(),
            had_page_checksums());
  EXPECT_THAT(CheckDataDir(backup)->damages, IsEmpty());
  ASSERT_TRUE(SqliteStore::Open(backup).ok());
}

INSTANTIATE_TEST_SUITE_P(, ReleasedSchemaTest, ::testing::Values(1, 2, 3, 4, 6, 7),
                         [](const auto& version) { return "Schema" + std::to_string(version.param); });

}  // namespace
}  // namespace basin::server::store
