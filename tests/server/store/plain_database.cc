#include "tests/server/store/plain_database.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace basin::tests {

void MakePlainDatabase(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const std::string setting = "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;";
  EXPECT_EQ(sqlite3_exec(db, (setting + sql).c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
}

}  // namespace basin::tests
