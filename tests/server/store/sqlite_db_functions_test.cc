// Our functions say what those of SQLite say.

#include "server/store/sqlite_db_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/store/sqlite_db.h"
#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

class SqliteDbFunctionsTest : public ::testing::Test {
 protected:
  SqliteDbFunctionsTest() { EXPECT_TRUE(ours_->ReplaceSlowFunctions().ok()); }

  std::unique_ptr<Connection> Open(const char* name) {
    return *Connection::Open((dir_.path() / name).string(), Connection::Mode::kReadWrite);
  }
  // Type and bytes, or the error.
  static std::string Value(Connection& connection, const std::string& expression) {
    std::string value;
    const absl::Status status =
        connection.Each(absl::StrCat("SELECT typeof(v), hex(v) FROM (SELECT ", expression, " AS v)"),
                        [&](const Row& row) { value = absl::StrCat(row.string(0), " ", row.string(1)); });
    return status.ok() ? value : std::string(status.message());
  }
  void ExpectTheSame(const std::string& expression) {
    EXPECT_EQ(Value(*ours_, expression), Value(*builtin_, expression)) << expression;
  }

  tests::TempDir dir_;
  std::unique_ptr<Connection> ours_ = Open("ours"), builtin_ = Open("builtin");
};

const char* const kValues[] = {"NULL",
                               "''",
                               "'a'",
                               "'ab'",
                               "'aab'",
                               "'abcabcab'",
                               "'\xc3\xa4"
                               "a\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4'",
                               "'\xc3\xa4'",
                               "'\xe2\x82\xac'",
                               "'A%b_'",
                               "'%'",
                               "'a%'",
                               "'_b%'",
                               "'[a-c]*'",
                               "'*b'",
                               "12",
                               "1",
                               "-1.5",
                               "x''",
                               "x'00'",
                               "x'6162'",
                               "x'61006200'",
                               "CAST(x'610062' AS TEXT)",
                               "CAST(x'00' AS TEXT)",
                               "CAST(x'8081' AS TEXT)",
                               "CAST(x'81' AS TEXT)",
                               "CAST(x'c38061ff80' AS TEXT)",
                               "zeroblob(3)"};

TEST_F(SqliteDbFunctionsTest, OfTwoArguments) {
  for (const char* a : kValues) {
    for (const char* b : kValues) {
      for (const char* function : {"instr", "trim", "ltrim", "rtrim", "like", "glob"}) {
        ExpectTheSame(absl::StrCat(function, "(", a, ", ", b, ")"));
      }
    }
  }
}

TEST_F(SqliteDbFunctionsTest, OfThreeArguments) {
  for (const char* a : kValues) {
    for (const char* b : kValues) {
      for (const char* c : kValues) ExpectTheSame(absl::StrCat("replace(", a, ", ", b, ", ", c, ")"));
      for (const char* escape : {"NULL", "'\\'", "'a'", "'\xe2\x82\xac'", "x'61'"}) {
        ExpectTheSame(absl::StrCat(a, " LIKE ", b, " ESCAPE ", escape));
      }
    }
  }
  for (const char* escape : {"''", "'ab'", "'%'", "'_'"}) {
    EXPECT_THAT(Value(*ours_, absl::StrCat("'a' LIKE 'a' ESCAPE ", escape)), ::testing::HasSubstr("single character"));
  }
}

TEST_F(SqliteDbFunctionsTest, AValueIsOfItsTypeAfterwards) {
  for (const char* function : {"instr(v, 'a')", "replace(v, '', 'a')", "trim(v, 'a')", "like('a', v)"}) {
    for (const char* value : kValues) {
      ExpectTheSame(
          absl::StrCat("(SELECT ", function, " || typeof(v) || ' ' || hex(v) FROM (SELECT ", value, " AS v))"));
    }
  }
}

TEST_F(SqliteDbFunctionsTest, ManyCharactersToTrimAreRefused) {
  const std::string many =
      "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) SELECT "
      "group_concat(char(i), '') FROM n)";
  EXPECT_THAT(Value(*ours_, absl::StrCat("trim('abc', ", many, ")")), ::testing::HasSubstr("more than 256"));
  EXPECT_EQ(Value(*ours_, absl::StrCat("trim('abc', substr(", many, ", 1, 256))")), "text ");
}

}  // namespace
}  // namespace basin::server::store
