// Users' SQL that would take a server's memory, disk or processor for itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/sql_front_door.h"
#include "server/store/sqlite_db_budget.h"
#include "server/store/sqlite_queries.h"
#include "server/store/views.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

using ::testing::HasSubstr;
using tests::StoredSweep;

class SqlLimitsTest : public ::testing::Test {
 protected:
  // Its status and the number of rows.
  absl::Status Run(const std::string& sql) {
    rows_ = 0;
    return queries_
        ->RunSql(
            sql, limits_, nullptr, [](const auto&) {},
            [this](const v1::SqlRow& row) {
              ++rows_;
              last_ = row;
              return true;
            })
        .status();
  }
  // Runs it to its end, the clock standing still.
  int64_t Integer(const std::string& sql) {
    const absl::Status status = Run(sql);
    EXPECT_TRUE(status.ok()) << sql << ": " << status;
    return status.ok() ? last_.cells(0).integer() : -1;
  }

  static std::string Repeat(const std::string& text, int times, const std::string& between = ", ") {
    return absl::StrJoin(std::vector<std::string>(static_cast<size_t>(times), text), between);
  }

  StoredSweep stored_;
  std::atomic<int64_t> clock_{0};
  int64_t tick_ = 0;
  std::unique_ptr<SqliteQueries> queries_ =
      *SqliteQueries::Open(stored_.dir(), [this] { return core::MonoTime(clock_ += tick_); });
  Queries::SqlLimits limits_;
  int rows_ = 0;
  v1::SqlRow last_;
};

MATCHER_P(IsExhausted, text, "") {
  return absl::IsResourceExhausted(arg) && std::string(arg.message()).find(text) != std::string::npos;
}

TEST_F(SqlLimitsTest, ARowIsNotReadBeyondTheSizeOfAMessage) {
  const absl::Status status = Run(absl::StrCat("SELECT ", Repeat("zeroblob(500000)", 9)));
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("a row is larger than a message"));
  EXPECT_TRUE(Run(absl::StrCat("SELECT ", Repeat("zeroblob(500000)", 8))).ok());
}

TEST_F(SqlLimitsTest, MemoryOfOneRowIsLimited) {
  EXPECT_THAT(Run(absl::StrCat("SELECT ", Repeat("randomblob(500000)", 600))),
              IsExhausted("more than 256 MiB of memory"));
}

// Each table joins the one before twice.
std::string Bomb(int tables) {
  std::string sql = "WITH t0 AS (SELECT 1 AS x FROM trials)";
  for (int i = 1; i <= tables; ++i) {
    absl::StrAppend(&sql, ", t", i, " AS (SELECT a.x FROM t", i - 1, " a JOIN t", i - 1, " b)");
  }
  return absl::StrCat(sql, " SELECT * FROM t", tables);
}

TEST_F(SqlLimitsTest, AStatementThatExplodesIsRefusedBeforeItRuns) {
  for (const std::string& sql : {Bomb(18), absl::StrCat("SELECT ", Repeat("abs(1)", 900), " FROM (", Bomb(9), ")")}) {
    EXPECT_THAT(Run(sql), IsExhausted("too large once its views"));
  }
  EXPECT_TRUE(Run("SELECT 1").ok());
}

TEST_F(SqlLimitsTest, PreparationEndsAtTheDeadline) {
  tick_ = 1000000000;
  limits_.max_seconds = 2;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Run(Bomb(18))));
}

TEST_F(SqlLimitsTest, AStatementOverAllViewsIsSmallEnough) {
  std::vector<std::string> names;
  for (const View& view : DocumentedViews()) names.push_back(view.name);
  const std::string all = absl::StrJoin(names, ", ");
  EXPECT_TRUE(Run(absl::StrCat("SELECT * FROM ", all, " LIMIT 1")).ok());
  std::string pivot = "SELECT config";
  for (int i = 0; i < 400; ++i) absl::StrAppend(&pivot, ", max(iif(path = 'p", i, "', value, NULL)) AS p", i);
  EXPECT_TRUE(Run(pivot + " FROM params GROUP BY config").ok());
  std::string list = "1";
  for (int i = 0; i < 20000; ++i) absl::StrAppend(&list, ",", i);
  EXPECT_TRUE(Run(absl::StrCat("SELECT * FROM trials WHERE trial IN (", list, ")")).ok());
}

TEST_F(SqlLimitsTest, WhatIsPutAsideToSortIsLimited) {
  limits_.max_temporary_bytes = 16 << 20;
  const auto sort = [&](const std::string& rows) {
    return absl::StrCat("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ", rows,
                        ") SELECT randomblob(100000) AS b FROM n ORDER BY b");
  };
  EXPECT_THAT(Run(sort("10000")), IsExhausted("puts more than 16 MiB aside"));
  limits_.max_temporary_bytes = 64 << 20;
  EXPECT_TRUE(Run(sort("300")).ok());
  EXPECT_EQ(rows_, 300);
}

TEST_F(SqlLimitsTest, SearchesAreLinear) {
  // Quadratic ones would take some seconds a row. No row is like another: SQLite computes what is constant once.
  const std::string rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT ";
  EXPECT_EQ(Integer(rows + "sum(instr(zeroblob(500000 - i), CAST(zeroblob(250000) || x'01' AS BLOB))) FROM n"), 0);
  EXPECT_EQ(
      Integer(rows + "sum(length(replace(hex(zeroblob(250000 - i)), hex(zeroblob(100000)) || '1', '')) = 500000 - 2 * i"
                     ") FROM n"),
      300);
}

TEST_F(SqlLimitsTest, LikesEndAtTheDeadline) {
  tick_ = 1000000000;
  limits_.max_seconds = 100;
  std::vector<std::string> likes;
  // None like another: SQLite computes what is constant once.
  for (int i = 0; i < 200; ++i) likes.push_back(absl::StrCat("1000000 LIKE '%", i, "'"));
  EXPECT_TRUE(Run(absl::StrCat("SELECT ", absl::StrJoin(likes, ", "))).ok());
  likes.clear();
  for (int i = 0; i < 200; ++i) {
    likes.push_back(absl::StrCat("hex(zeroblob(2000)) LIKE '%", std::string(400, '0'), i, "'"));
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(Run(absl::StrCat("SELECT ", absl::StrJoin(likes, ", ")))));
}

TEST_F(SqlLimitsTest, ValuesAndPatternsAreShort) {
  const std::string rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) SELECT ";
  for (const std::string& sql :
       {std::string("SELECT length(zeroblob(600000))"), std::string("SELECT hex(hex(hex(hex(randomblob(100000)))))"),
        std::string("SELECT replace(hex(zeroblob(100000)), '0', '0123456789')"),
        rows + "group_concat(hex(randomblob(500))) FROM n",
        rows + "group_concat(hex(randomblob(500))) OVER (ORDER BY i) FROM n",
        rows + "json_group_array(hex(randomblob(500))) FROM n"}) {
    EXPECT_THAT(Run(sql), IsExhausted("512 KiB")) << sql;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(Run("SELECT 'a' LIKE '" + std::string(501, '%') + "'")));
}

TEST_F(SqlLimitsTest, LongFormatsGiveNothing) {
  for (const char* sql : {"SELECT printf('%.*c', 1000000000, 'x')", "SELECT printf('%1000000000d', 1)",
                          "SELECT printf('%.1000000000f', 1.5)"}) {
    EXPECT_TRUE(Run(sql).ok()) << sql;
    EXPECT_EQ(last_.cells(0).kind_case(), v1::SqlCell::KIND_NOT_SET) << sql;
  }
}

TEST_F(SqlLimitsTest, FunctionsThatDoMoreThanComputeAreRefused) {
  for (const char* function :
       {"json_patch('{}', '{}')", "sqlite_log(1, 'x')", "fts5_source_id()", "rtreecheck('main', 'x')",
        "rtreenode(2, x'00')", "changes()", "sqlite_compileoption_get(1)", "fts3_tokenizer('x')"}) {
    const absl::Status status = Run(absl::StrCat("SELECT ", function));
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << function << ": " << status;
  }
}

TEST_F(SqlLimitsTest, LongStatementsAreRefused) {
  EXPECT_THAT(Run("SELECT 1 --" + std::string(256 << 10, ' ')), IsExhausted("longer than 256 KiB"));
}

TEST_F(SqlLimitsTest, DeepStatementsAreRefused) {
  for (const std::string& sql :
       {"SELECT " + Repeat("(", 5000, "") + "1" + Repeat(")", 5000, ""), "SELECT " + Repeat("-", 5000, " ") + "1",
        "SELECT 1" + Repeat(" UNION SELECT 1", 200, ""), "SELECT " + Repeat("1", 2000),
        "SELECT " + Repeat("1", 2000, " + "), "SELECT CASE " + Repeat("CASE", 5000, " ")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Run(sql))) << sql.substr(0, 40) << ": " << Run(sql);
  }
}

TEST_F(SqlLimitsTest, ASweepWithALongSpecIsShown) {
  // The spec lies in the same row, before columns that the view shows, but no view shows it.
  stored_.Close();
  {
    auto writer = *Connection::Open(stored_.dir() + "/basin.db", Connection::Mode::kReadWrite);
    ASSERT_TRUE(writer->Execute("UPDATE sweep SET spec = zeroblob(4000000)").ok());
  }
  EXPECT_TRUE(Run("SELECT * FROM sweeps ORDER BY name").ok());
  EXPECT_EQ(rows_, 1);
}

}  // namespace
}  // namespace basin::server::store
