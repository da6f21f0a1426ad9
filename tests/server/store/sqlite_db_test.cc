#include "server/store/sqlite_db.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;

class SqliteDbTest : public ::testing::Test {
 protected:
  std::unique_ptr<Connection> Open(Connection::Mode mode) {
    auto connection = Connection::Open((dir_.path() / "a.db").string(), mode);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return connection.ok() ? *std::move(connection) : nullptr;
  }

  tests::TempDir dir_;
  std::unique_ptr<Connection> writer_ = Open(Connection::Mode::kReadWrite);
};

TEST_F(SqliteDbTest, ValuesComeBackAsTheyWereBound) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a, b, c, d, e, f)").ok());
  auto insert = writer_->Prepare("INSERT INTO t VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  ASSERT_TRUE(insert.ok());
  const std::string text("a\0b", 3);
  ASSERT_TRUE(insert
                  ->Run(std::numeric_limits<uint64_t>::max(), -0.0, text, Blob{"bytes"}, std::optional<int64_t>(),
                        NanAsText{std::nan("")})
                  .ok());
  auto select = writer_->Prepare("SELECT * FROM t");
  int rows = 0;
  ASSERT_TRUE(select
                  ->Each([&](const Row& row) {
                    ++rows;
                    EXPECT_EQ(row.number(0), std::numeric_limits<uint64_t>::max());
                    EXPECT_TRUE(std::signbit(row.real(1)));
                    EXPECT_EQ(row.string(2), text);
                    EXPECT_EQ(row.kind(3), CellKind::kBlob);
                    EXPECT_EQ(row.blob(3), "bytes");
                    EXPECT_TRUE(row.is_null(4));
                    EXPECT_EQ(row.text(5), "nan");
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(rows, 1);
}

TEST_F(SqliteDbTest, ErrorOfARowEndsTheStatement) {
  auto select = writer_->Prepare("SELECT 1 UNION SELECT 2");
  int rows = 0;
  const absl::Status status = select->Each([&](const Row&) {
    ++rows;
    return absl::AbortedError("enough");
  });
  EXPECT_TRUE(absl::IsAborted(status));
  EXPECT_EQ(rows, 1);
}

TEST_F(SqliteDbTest, WrongSqlIsInvalid) { EXPECT_TRUE(absl::IsInvalidArgument(writer_->Prepare("SELEKT 1").status())); }

TEST_F(SqliteDbTest, OneStatementAndCommentsAreASingleOne) {
  EXPECT_TRUE(writer_->PrepareSingle("SELECT 1; -- done\n /* really */ ; ").ok());
}

TEST_F(SqliteDbTest, NoneAndTwoStatementsAreNotASingleOne) {
  for (const char* sql : {"", " -- nothing", "SELECT 1; SELECT 2", "SELECT 1; nonsense", ";"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(writer_->PrepareSingle(sql).status())) << sql;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(writer_->PrepareSingle(std::string("SELECT 1\0;", 10)).status()));
}

TEST_F(SqliteDbTest, ReaderCannotWrite) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a)").ok());
  const auto reader = Open(Connection::Mode::kReadOnly);
  EXPECT_FALSE(reader->Execute("INSERT INTO t VALUES(1)").ok());
}

TEST_F(SqliteDbTest, ReaderKeepsItsSnapshotDuringWrites) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)").ok());
  const auto reader = Open(Connection::Mode::kReadOnly);
  const auto count = [](Connection& connection) {
    auto select = connection.Prepare("SELECT count(*) FROM t");
    int64_t rows = -1;
    EXPECT_TRUE(select
                    ->Each([&](const Row& row) {
                      rows = row.integer(0);
                      return absl::OkStatus();
                    })
                    .ok());
    return rows;
  };
  ASSERT_TRUE(reader->Execute("BEGIN").ok());
  EXPECT_EQ(count(*reader), 1);
  ASSERT_TRUE(writer_->Execute("INSERT INTO t VALUES(2)").ok());
  EXPECT_EQ(count(*reader), 1);
  ASSERT_TRUE(reader->Execute("COMMIT").ok());
  EXPECT_EQ(count(*reader), 2);
}

TEST_F(SqliteDbTest, ReaderNeverShortensTheLog) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a); INSERT INTO t VALUES(randomblob(100000))").ok());
  const auto before = std::filesystem::file_size(dir_.path() / "a.db-wal");
  Open(Connection::Mode::kReadOnly)->Execute("SELECT * FROM t").IgnoreError();
  EXPECT_EQ(std::filesystem::file_size(dir_.path() / "a.db-wal"), before);
  EXPECT_GT(writer_->log_frames(), 20);
}

TEST_F(SqliteDbTest, FullDatabaseIsResourceExhaustedAndRecovers) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a); PRAGMA max_page_count = 4").ok());
  EXPECT_TRUE(absl::IsResourceExhausted(writer_->Execute("INSERT INTO t VALUES(randomblob(100000))")));
  EXPECT_FALSE(writer_->in_transaction());
  EXPECT_TRUE(writer_->Execute("PRAGMA max_page_count = 1000; INSERT INTO t VALUES(randomblob(100000))").ok());
}

TEST_F(SqliteDbTest, ProgressHookStopsAStatement) {
  writer_->SetProgress([] { return true; });
  const absl::Status status =
      writer_->Execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n");
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  writer_->SetProgress(nullptr);
  EXPECT_TRUE(writer_->Execute("SELECT 1").ok());
}

TEST_F(SqliteDbTest, AuthorizerIsAskedForEveryColumn) {
  ASSERT_TRUE(writer_->Execute("CREATE TABLE t(a, b)").ok());
  std::vector<std::string> columns;
  writer_->SetAuthorizer([&](const Access& access) {
    if (access.kind == Access::Kind::kRead) columns.emplace_back(access.column);
    return true;
  });
  ASSERT_TRUE(writer_->Prepare("SELECT a, b FROM t").ok());
  writer_->SetAuthorizer(nullptr);
  EXPECT_THAT(columns, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace basin::server::store
