#include "server/store/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/store/views.h"
#include "tests/support/temp_dir.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() { connection_ = *Connection::Open((dir_.path() / "a.db").string(), Connection::Mode::kReadWrite); }

  // What SQLite says it does for a query.
  std::string Plan(const std::string& sql) {
    auto statement = connection_->Prepare("EXPLAIN QUERY PLAN " + sql);
    EXPECT_TRUE(statement.ok()) << statement.status();
    std::string plan;
    if (!statement.ok()) return plan;
    EXPECT_TRUE(statement
                    ->Each([&](const Row& row) {
                      absl::StrAppend(&plan, row.string(3), "\n");
                      return absl::OkStatus();
                    })
                    .ok());
    return plan;
  }

  tests::TempDir dir_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(SchemaTest, NewDatabaseGetsTheNewestSchema) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  EXPECT_EQ(*ReadSchemaVersion(*connection_), SchemaVersion());
}

TEST_F(SchemaTest, MigrationTwiceIsMigrationOnce) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  const absl::Status status = Migrate(*connection_);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(SchemaTest, NewerDatabaseIsRefusedWithBothNumbers) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  ASSERT_TRUE(connection_->Execute("PRAGMA user_version = 77").ok());
  const absl::Status status = Migrate(*connection_);
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("77"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("up to ", SchemaVersion())));
}

TEST_F(SchemaTest, DatabaseOfAnotherKindIsRefused) {
  ASSERT_TRUE(connection_->Execute("CREATE TABLE photos(a)").ok());
  EXPECT_TRUE(absl::IsDataLoss(Migrate(*connection_)));
}

TEST_F(SchemaTest, StepThatFailsLeavesNothing) {
  // A name that the first step wants is taken.
  ASSERT_TRUE(connection_->Execute("PRAGMA application_id = 1650553710; CREATE TABLE worker(a)").ok());
  EXPECT_FALSE(Migrate(*connection_).ok());
  EXPECT_EQ(*ReadSchemaVersion(*connection_), 0u);
  EXPECT_FALSE(connection_->Prepare("SELECT * FROM sweep").ok());
}

TEST_F(SchemaTest, ViewsAreThoseOfTheDocumentation) {
  std::vector<std::string> names;
  for (const View& view : DocumentedViews()) names.push_back(view.name);
  EXPECT_THAT(names, ElementsAre("sweeps", "configs", "trials", "metrics", "params", "events", "workers", "artifacts",
                                 "audit"));
}

TEST_F(SchemaTest, UnsettledTrialsAreFoundByTheirIndex) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  for (const char* state : {"1", "2", "6"}) {
    EXPECT_THAT(Plan(absl::StrCat("SELECT t.idx FROM sweep s CROSS JOIN trial t ON t.sweep = s.key AND t.state = ",
                                  state, " ORDER BY t.sweep, t.idx")),
                HasSubstr("trial_unsettled (sweep=? AND state=?)"));
  }
}

TEST_F(SchemaTest, MetricsOfATrialAreFoundByKey) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  EXPECT_THAT(Plan("SELECT value FROM metrics WHERE sweep = 'a' AND trial = 3"),
              HasSubstr("SEARCH p USING PRIMARY KEY (sweep=? AND trial=?"));
}

// What the first version lacked, made away with again.
TEST_F(SchemaTest, FirstVersionIsBroughtUpToDateWithItsLineage) {
  ASSERT_TRUE(Migrate(*connection_).ok());
  ASSERT_TRUE(
      connection_
          ->Execute("DROP VIEW sweeps; DROP VIEW audit; DROP TABLE audit_entry;"
                    "DROP TABLE settled_column; ALTER TABLE sweep DROP COLUMN owner; ALTER TABLE worker DROP COLUMN "
                    "principal;"
                    "ALTER TABLE sweep DROP COLUMN verified_sweep; ALTER TABLE sweep DROP COLUMN verified_trial;"
                    "ALTER TABLE sweep DROP COLUMN verified_worker; ALTER TABLE sweep DROP COLUMN reused;"
                    "ALTER TABLE sweep DROP COLUMN runners_up;"
                    "DROP VIEW trials; ALTER TABLE trial DROP COLUMN reused_from;"
                    "DROP INDEX config_digest; ALTER TABLE config DROP COLUMN digest;"
                    "DROP VIEW artifacts; DROP VIEW metrics; DROP TABLE artifact; DROP TABLE resumption;"
                    "INSERT INTO trial(sweep, idx, config, seed, state, attempts, failures) "
                    "VALUES(1, 0, 0, 0, 3, 3, 2), (1, 1, 1, 0, 3, 1, 0); PRAGMA user_version = 1")
          .ok());
  const absl::Status status = Migrate(*connection_);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_TRUE(connection_->Prepare("SELECT * FROM artifacts, metrics").ok());
  auto rows = connection_->Prepare("SELECT trial, attempt, first_sequence FROM resumption");
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::vector<std::vector<int64_t>> found;
  EXPECT_TRUE(rows->Each([&](const Row& row) {
                    found.push_back({row.integer(0), row.integer(1), row.integer(2)});
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(found, ElementsAre(ElementsAre(0, 3, 0)));
}

}  // namespace
}  // namespace basin::server::store
