#include "server/store/page_checksums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "absl/strings/str_cat.h"
#include "server/store/data_dir.h"
#include "server/store/schema.h"
#include "server/store/sqlite_db.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr size_t kPage = 4096;

// The file of a database that nobody has open, with points on many pages.
class PageChecksumsTest : public ::testing::Test {
 protected:
  PageChecksumsTest() {
    stored_.Close();
    const auto connection = Connection::Open(path_, Connection::Mode::kReadWrite);
    for (const char* sql :
         {"CREATE TABLE bulk(key INTEGER PRIMARY KEY, text TEXT)",
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO bulk SELECT i, "
          "hex(zeroblob(i * 120)) FROM n"}) {
      const absl::Status status = (*connection)->Execute(sql);
      EXPECT_TRUE(status.ok()) << status;
    }
    EXPECT_TRUE((*connection)->Checkpoint().ok());
  }

  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Write(size_t at, const std::string& bytes) const {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }

  // Everything that is in the database, as text.
  static absl::StatusOr<std::string> ReadAll(const std::string& path) {
    const auto connection = Connection::Open(path, Connection::Mode::kReadOnly);
    if (!connection.ok()) return connection.status();
    std::string tables;
    absl::Status status =
        (*connection)->Each("SELECT name FROM sqlite_schema WHERE type = 'table'", [&](const Row& row) {
          absl::StrAppend(&tables, row.string(0), "\n");
        });
    std::string all;
    for (size_t from = 0, to = 0; status.ok() && (to = tables.find('\n', from)) != std::string::npos; from = to + 1) {
      const std::string table = tables.substr(from, to - from);
      auto statement = (*connection)->Prepare(absl::StrCat("SELECT * FROM \"", table, "\""));
      if (!statement.ok()) return statement.status();
      const auto columns = static_cast<int>(statement->column_names().size());
      status = statement->Each([&](const Row& row) {
        absl::StrAppend(&all, table);
        for (int i = 0; i < columns; ++i) absl::StrAppend(&all, "|", row.string(i));
        absl::StrAppend(&all, "\n");
      });
    }
    if (!status.ok()) return status;
    return all;
  }

  tests::StoredSweep stored_;
  const std::string path_ = stored_.dir() + "/basin.db";
};

TEST_F(PageChecksumsTest, ANewDatabaseHasThem) {
  EXPECT_TRUE((*Connection::Open(path_, Connection::Mode::kReadWrite))->has_page_checksums());
  EXPECT_TRUE((*Connection::Open(path_, Connection::Mode::kReadOnly))->has_page_checksums());
}

TEST_F(PageChecksumsTest, AFlippedBitIsRefusedWithItsPageOrTouchesNothingThatIsRead) {
  const auto sound = ReadAll(path_);
  ASSERT_TRUE(sound.ok()) << sound.status();
  const std::string bytes = Bytes();
  std::mt19937 random(1);
  size_t refused = 0, flips = 0;
  for (size_t page = 0; page < bytes.size() / kPage; ++page) {
    // The header's first half tells SQLite whether it is a database at all.
    for (int i = 0; i < 5; ++i, ++flips) {
      const size_t at = page * kPage + std::uniform_int_distribution<size_t>(page == 0 ? 100 : 0, kPage - 1)(random);
      Write(at, std::string(1, static_cast<char>(bytes[at] ^ 1 << i)));
      const auto read = ReadAll(path_);
      if (read.ok()) {
        EXPECT_EQ(*read, *sound) << "byte " << at;
      } else {
        ++refused;
        EXPECT_TRUE(absl::IsDataLoss(read.status())) << read.status();
        EXPECT_THAT(std::string(read.status().message()), HasSubstr(absl::StrCat("page ", page + 1, " is damaged")));
      }
      Write(at, bytes.substr(at, 1));
    }
  }
  // Pages of indexes and maps of pages are not read here.
  EXPECT_GT(refused, flips / 2);
  EXPECT_EQ(*ReadAll(path_), *sound);
}

TEST_F(PageChecksumsTest, APageInTheWrongPlaceIsRefused) {
  const std::string bytes = Bytes();
  const size_t last = bytes.size() / kPage - 1;
  Write(last * kPage, bytes.substr((last - 1) * kPage, kPage));
  const absl::Status status = ReadAll(path_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("page ", last + 1, " is damaged")));
}

TEST_F(PageChecksumsTest, AHeaderWithoutItsMarkIsRefusedByTheServerAndByAllThatReadsTheDataDir) {
  for (const char reserved : {0, 9}) {
    Write(20, std::string(1, reserved));
    const absl::Status status = SqliteStore::Open(stored_.dir()).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("page 1"));
    const auto report = CheckDataDir(stored_.dir());
    EXPECT_FALSE(report.ok() && report->damages.empty());
    EXPECT_TRUE(absl::IsDataLoss(BackUp(stored_.dir(), stored_.dir() + "/backup")));
    EXPECT_TRUE(absl::IsDataLoss(MeasureDataDir(stored_.dir()).status()));
  }
}

TEST_F(PageChecksumsTest, ABackupHasThemInEveryPage) {
  // More than SQLite keeps in memory while it copies.
  const auto connection = Connection::Open(path_, Connection::Mode::kReadWrite);
  ASSERT_TRUE((*connection)
                  ->Execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT "
                            "INTO bulk SELECT i + 60, hex(zeroblob(2000)) FROM n")
                  .ok());
  const std::string backup = stored_.dir() + "/backup";
  const absl::Status status = BackUp(stored_.dir(), backup);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE((*Connection::Open(backup + "/basin.db", Connection::Mode::kReadOnly))->has_page_checksums());
  const auto copy = ReadAll(backup + "/basin.db");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(*copy, *ReadAll(path_));
  EXPECT_THAT(CheckDataDir(backup)->damages, IsEmpty());
}

TEST_F(PageChecksumsTest, DamageFoundWhileItCommitsEndsTheStore) {
  stored_.Open();
  const auto page = [this](const std::string& table) {
    int64_t root = 0;
    EXPECT_TRUE((*Connection::Open(path_, Connection::Mode::kReadOnly))
                    ->Each(
                        "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
                        [&](const Row& row) { root = row.integer(0); }, table)
                    .ok());
    return static_cast<size_t>(root - 1) * kPage;
  };
  stored_.Close();
  const size_t at = page("trial") + kPage - 100;
  Write(at, std::string(1, static_cast<char>(Bytes()[at] ^ 4)));
  auto store = SqliteStore::Open(stored_.dir());
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status status = (*store)->Commit(std::vector<core::Event>{stored_.Leased(5)});
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  // As after any fault, the next start looks at every page.
  store->reset();
  EXPECT_TRUE(absl::IsDataLoss(SqliteStore::Open(stored_.dir()).status()));
}

}  // namespace
}  // namespace basin::server::store
