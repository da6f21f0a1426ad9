#include "server/store/data_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/contract/digest.h"
#include "server/store/artifact_store.h"
#include "server/store/sqlite_queries.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DataDirTest : public ::testing::Test {
 protected:
  void MakeBackup() {
    const absl::Status status = BackUp(sweep_.dir(), backup_.string());
    ASSERT_TRUE(status.ok()) << status;
  }
  std::string AddArtifact(const std::string& bytes) {
    const std::string digest = contract::Sha256Hex(bytes);
    const fs::path folder = fs::path(sweep_.dir()) / "artifacts";
    fs::create_directory(folder);
    std::ofstream(folder / "coming") << bytes;
    fs::rename(folder / "coming", folder / digest);
    return digest;
  }
  static void Flip(const fs::path& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
  }
  static std::vector<std::string> Damages(const fs::path& dir) {
    const auto report = CheckDataDir(dir.string());
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? report->damages : std::vector<std::string>();
  }

  tests::StoredSweep sweep_;
  tests::TempDir target_;
  const fs::path backup_ = target_.path() / "backup";
};

TEST_F(DataDirTest, ABackupOfARunningServersFolderServesTheSameSweeps) {
  AddArtifact("weights");
  MakeBackup();
  const auto restored = SqliteStore::Open(backup_.string());
  ASSERT_TRUE(restored.ok()) << restored.status();
  const auto finished = (*restored)->FindFinished({"s", 0});
  ASSERT_TRUE(finished.ok()) << finished.status();
  EXPECT_EQ(finished->attempt, 2u);
  EXPECT_EQ((*restored)->Load()->sweeps.size(), 1u);
}

TEST_F(DataDirTest, ABackupIsOneCommitWhileTheServerGoesOnWriting) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint64_t attempt = 2; !stop; ++attempt) {
      sweep_.Commit({core::TrialRequeued{{"s", 2}, static_cast<uint32_t>(attempt - 1), 0, "", sweep_.kTime},
                     sweep_.Leased(2, static_cast<uint32_t>(attempt))});
    }
  });
  for (int i = 0; i < 5; ++i) {
    const fs::path to = target_.path() / absl::StrCat("backup", i);
    const absl::Status status = BackUp(sweep_.dir(), to.string());
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_THAT(Damages(to), IsEmpty());
  }
  stop = true;
  writer.join();
}

TEST_F(DataDirTest, ABackupHasEveryCheckpointThatItRefersToWhileTheyComeAndGo) {
  const auto queries = SqliteQueries::Open(sweep_.dir(), [] { return core::MonoTime(); });
  ASSERT_TRUE(queries.ok()) << queries.status();
  const auto artifacts = ArtifactStore::Open(sweep_.dir(), {});
  ASSERT_TRUE(artifacts.ok()) << artifacts.status();
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> collected = 0;
  std::thread server([&] {
    for (uint64_t step = 10; !stop; ++step) {
      const std::string bytes = absl::StrCat("checkpoint of step ", step);
      auto upload = (*artifacts)->Begin(bytes.size());
      ASSERT_TRUE((*upload)->Append(bytes).ok());
      const auto hold = (*upload)->Finish(contract::Sha256Hex(bytes));
      ASSERT_TRUE(hold.ok()) << hold.status();
      sweep_.AddCheckpoint(contract::Sha256Hex(bytes), step);
      const auto removed =
          (*artifacts)->Collect([&](const std::string& sha256) { return (*queries)->IsArtifactKept(sha256); });
      ASSERT_TRUE(removed.ok()) << removed.status();
      collected += *removed;
    }
  });
  for (int i = 0; i < 20; ++i) {
    const fs::path to = target_.path() / absl::StrCat("backup", i);
    const absl::Status status = BackUp(sweep_.dir(), to.string());
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_THAT(Damages(to), IsEmpty());
    EXPECT_THAT(Damages(sweep_.dir()), IsEmpty());
  }
  stop = true;
  server.join();
  EXPECT_GT(collected, 0u);
}

TEST_F(DataDirTest, ABackupHasChecksumsThatOtherToolsRead) {
  AddArtifact("weights");
  MakeBackup();
  EXPECT_EQ(std::system(absl::StrCat("cd ", backup_.string(), " && sha256sum --quiet -c SHA256SUMS").c_str()), 0);
  EXPECT_TRUE(CheckDataDir(backup_.string())->had_checksums);
}

TEST_F(DataDirTest, ABackupHasTheTokensAndKeepsThemToTheirOwner) {
  const fs::path tokens = fs::path(sweep_.dir()) / "tokens";
  std::ofstream(tokens) << "hashes";
  fs::permissions(tokens, fs::perms::owner_read | fs::perms::owner_write);
  MakeBackup();
  EXPECT_EQ(fs::status(backup_ / "tokens").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(Damages(backup_), IsEmpty());
  Flip(backup_ / "tokens", 0);
  EXPECT_THAT(Damages(backup_), Contains(HasSubstr("tokens")));
}

TEST_F(DataDirTest, AServerThatOpensABackupEndsItsChecksums) {
  MakeBackup();
  ASSERT_TRUE(SqliteStore::Open(backup_.string()).ok());
  EXPECT_FALSE(fs::exists(backup_ / kChecksumsFile));
  EXPECT_THAT(Damages(backup_), IsEmpty());
}

TEST_F(DataDirTest, AFolderThatIsThereIsNotOverwritten) {
  fs::create_directory(backup_);
  EXPECT_TRUE(absl::IsAlreadyExists(BackUp(sweep_.dir(), backup_.string())));
  EXPECT_TRUE(fs::is_empty(backup_));
}

TEST_F(DataDirTest, ABackupThatFailsLeavesNothing) {
  AddArtifact("weights");
  const fs::path artifacts = fs::path(sweep_.dir()) / "artifacts";
  fs::create_directory(artifacts / std::string(64, 'a'));  // Can't be copied as a file.
  EXPECT_FALSE(BackUp(sweep_.dir(), backup_.string()).ok());
  EXPECT_TRUE(fs::is_empty(target_.path()));
}

TEST_F(DataDirTest, WhatAnInterruptedBackupLeftIsReplaced) {
  fs::create_directory(backup_.string() + ".partial");
  std::ofstream(backup_.string() + ".partial/basin.db") << "half";
  MakeBackup();
  EXPECT_FALSE(fs::exists(backup_.string() + ".partial"));
  EXPECT_THAT(Damages(backup_), IsEmpty());
}

TEST_F(DataDirTest, AFolderWithoutADatabaseIsNoDataDir) {
  EXPECT_TRUE(absl::IsNotFound(BackUp(target_.path().string(), backup_.string())));
  EXPECT_TRUE(absl::IsNotFound(CheckDataDir(target_.path().string()).status()));
  EXPECT_TRUE(absl::IsNotFound(MeasureDataDir(target_.path().string()).status()));
}

TEST_F(DataDirTest, AWholeDataDirIsWholeWithAServerAndWithout) {
  EXPECT_THAT(Damages(sweep_.dir()), IsEmpty());
  sweep_.Close();
  const auto report = CheckDataDir(sweep_.dir());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->damages, IsEmpty());
  EXPECT_EQ(report->sweeps, 1u);
  EXPECT_EQ(report->trials, 5u);
}

TEST_F(DataDirTest, AFlippedBitAnywhereInABackupIsFound) {
  MakeBackup();
  const auto size = static_cast<std::streamoff>(fs::file_size(backup_ / "basin.db"));
  for (const std::streamoff at : {std::streamoff{100}, size / 3, size / 2, size - 1}) {
    Flip(backup_ / "basin.db", at);
    EXPECT_THAT(Damages(backup_), Contains(HasSubstr("basin.db"))) << at;
    Flip(backup_ / "basin.db", at);
  }
  EXPECT_THAT(Damages(backup_), IsEmpty());
}

TEST_F(DataDirTest, ADamagedArtifactIsNamed) {
  const std::string digest = AddArtifact("weights");
  EXPECT_EQ(CheckDataDir(sweep_.dir())->artifacts, 1u);
  Flip(fs::path(sweep_.dir()) / "artifacts" / digest, 3);
  EXPECT_THAT(Damages(sweep_.dir()), Contains(HasSubstr(digest)));
}

TEST_F(DataDirTest, AMissingArtifactOfABackupIsNamed) {
  const std::string digest = AddArtifact("weights");
  MakeBackup();
  fs::remove(backup_ / "artifacts" / digest);
  EXPECT_THAT(Damages(backup_), Contains(AllOf(HasSubstr(digest), HasSubstr("missing"))));
}

TEST_F(DataDirTest, AMissingCheckpointOfARunningTrialIsNamed) {
  const std::string digest = AddArtifact("weights");
  sweep_.AddCheckpoint(digest);
  EXPECT_THAT(Damages(sweep_.dir()), IsEmpty());
  fs::remove(fs::path(sweep_.dir()) / "artifacts" / digest);
  EXPECT_THAT(Damages(sweep_.dir()), ElementsAre(AllOf(HasSubstr(digest), HasSubstr("trial 2 of sweep s"))));
}

TEST_F(DataDirTest, CountsThatAreNotThoseOfTheTrialsAreDamage) {
  sweep_.Close();
  const auto connection = Connection::Open(SqliteStore::DatabasePath(sweep_.dir()), Connection::Mode::kReadWrite);
  ASSERT_TRUE((*connection)->Execute("UPDATE sweep SET succeeded = succeeded + 1, pending = pending - 1").ok());
  EXPECT_THAT(Damages(sweep_.dir()), Contains(HasSubstr("sweep s")));
}

TEST_F(DataDirTest, ATruncatedDatabaseIsDamaged) {
  MakeBackup();
  fs::remove(backup_ / kChecksumsFile);
  fs::resize_file(backup_ / "basin.db", fs::file_size(backup_ / "basin.db") / 2);
  EXPECT_THAT(Damages(backup_), Contains(HasSubstr("basin.db")));
}

TEST_F(DataDirTest, UsageNamesTablesAndTheSweepsWithTheMostPoints) {
  AddArtifact("weights");
  const auto usage = MeasureDataDir(sweep_.dir());
  ASSERT_TRUE(usage.ok()) << usage.status();
  uint64_t tables = 0;
  for (const UsageReport::Table& table : usage->tables) tables += table.bytes;
  // The rest are pages that say where the others are.
  EXPECT_LE(tables + usage->free_bytes, usage->database_bytes);
  EXPECT_GE(tables + usage->free_bytes, usage->database_bytes * 9 / 10);
  ASSERT_EQ(usage->sweeps.size(), 1u);
  EXPECT_EQ(usage->sweeps[0].id, "s");
  EXPECT_GT(usage->sweeps[0].points, 0u);
  EXPECT_EQ(usage->artifacts, 1u);
  EXPECT_EQ(usage->artifact_bytes, 7u);
}

}  // namespace
}  // namespace basin::server::store
