// Users' SQL: what the views show, and what the fence keeps out.

#include "server/store/sql_front_door.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/store/sqlite_queries.h"
#include "server/store/views.h"
#include "tests/server/store/stored_sweep.h"

namespace basin::server::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::StoredSweep;

std::string Text(const v1::SqlCell& cell) {
  switch (cell.kind_case()) {
    case v1::SqlCell::kInteger:
      return absl::StrCat(cell.integer());
    case v1::SqlCell::kReal:
      return absl::StrCat(cell.real());
    case v1::SqlCell::kText:
      return cell.text();
    case v1::SqlCell::kBlob:
      return "blob";
    case v1::SqlCell::KIND_NOT_SET:
      return "NULL";
  }
  return "?";
}

class SqlFrontDoorTest : public ::testing::Test {
 protected:
  SqlFrontDoorTest() {
    queries_ = *SqliteQueries::Open(stored_.dir(), [this] { return core::MonoTime(clock_ += tick_); });
  }

  absl::StatusOr<bool> Run(const std::string& sql) {
    rows_.clear();
    return queries_->RunSql(
        sql, limits_, cancelled_, [this](const std::vector<std::string>& columns) { columns_ = columns; },
        [this](const v1::SqlRow& row) {
          std::vector<std::string> cells;
          for (const v1::SqlCell& cell : row.cells()) cells.push_back(Text(cell));
          rows_.push_back(absl::StrJoin(cells, "|"));
          return rows_.size() < stop_after_;
        });
  }
  std::vector<std::string> Rows(const std::string& sql) {
    const auto truncated = Run(sql);
    EXPECT_TRUE(truncated.ok()) << sql << ": " << truncated.status();
    return rows_;
  }

  StoredSweep stored_;
  std::unique_ptr<SqliteQueries> queries_;
  Queries::SqlLimits limits_;
  const std::atomic<bool>* cancelled_ = nullptr;
  std::atomic<int64_t> clock_{0};
  int64_t tick_ = 0;
  size_t stop_after_ = 1000000;
  std::vector<std::string> columns_;
  std::vector<std::string> rows_;
};

TEST_F(SqlFrontDoorTest, SweepsShowCountsAndTheBestTrial) {
  EXPECT_THAT(Rows("SELECT sweep, name, state, configs, seeds, trials, pending, running, succeeded, diverged, failed, "
                   "objective, goal, best_trial, best_objective, created, ended FROM sweeps"),
              ElementsAre("s|a-sweep|RUNNING|4|2|8|4|1|1|1|1|val_loss|minimize|0|0.25|2023-11-14T22:13:20.250Z|NULL"));
}

TEST_F(SqlFrontDoorTest, TrialsShowResultsAndTimes) {
  EXPECT_THAT(
      Rows("SELECT sweep, trial, config, seed, state, attempts, worker, worker_id, objective, started, "
           "finished, duration, weights_digest FROM trials ORDER BY trial LIMIT 3"),
      ElementsAre("s|0|0|0|SUCCEEDED|2|name|w|0.25|2023-11-14T22:13:20.250Z|2023-11-14T22:13:22.250Z|1.5|weights",
                  "s|1|1|0|DIVERGED|1|name|w|NULL|2023-11-14T22:13:20.250Z|2023-11-14T22:13:22.250Z|1.5|weights",
                  "s|2|2|0|RUNNING|1|name|w|NULL|2023-11-14T22:13:20.250Z|NULL|NULL|NULL"));
}

TEST_F(SqlFrontDoorTest, MetricsShowNanAsNullAndInfinitiesAsNumbers) {
  EXPECT_THAT(Rows("SELECT trial, name, step, value, epoch FROM metrics WHERE sweep = 's'"),
              ElementsAre("0|val_loss|10|0.5|1", "0|val_accuracy|10|0.5|1", "0|val_loss|20|0.25|2",
                          "1|val_loss|5|NULL|0.5", "1|val_loss|6|inf|0.5", "2|val_loss|5|-inf|0.5"));
}

TEST_F(SqlFrontDoorTest, ParamsAndConfigsShowValues) {
  EXPECT_THAT(Rows("SELECT config, path, value FROM params WHERE path = 'train.batch_size' ORDER BY config"),
              ElementsAre("0|train.batch_size|16", "1|train.batch_size|32", "2|train.batch_size|48",
                          "3|train.batch_size|full"));
  EXPECT_THAT(Rows("SELECT params FROM configs WHERE config = 1"),
              ElementsAre(R"({"train.dataset.name":"digits","train.batch_size":32})"));
}

TEST_F(SqlFrontDoorTest, EventsTellWhatHappenedToATrial) {
  EXPECT_THAT(Rows("SELECT kind, attempt, worker, message FROM events WHERE sweep = 's' AND trial = 0 ORDER BY event"),
              ElementsAre("trial leased|1|name|", "trial requeued|1|NULL|lost", "trial leased|2|name|",
                          "trial succeeded|2|name|"));
}

TEST_F(SqlFrontDoorTest, EventsTellThatAWorkerWasSetAside) {
  stored_.Commit({core::WorkerSetAside{"w", "3 trials failed", tests::StoredSweep::kTime}});
  EXPECT_THAT(Rows("SELECT worker_id, message FROM events WHERE kind = 'worker set aside'"),
              ElementsAre("w|3 trials failed"));
}

TEST_F(SqlFrontDoorTest, WorkersShowWhatTheyAre) {
  EXPECT_THAT(Rows("SELECT worker, name, state, slots, engine_fingerprint, datasets, trials_finished FROM workers"),
              ElementsAre(R"(w|name|CONNECTED|4|engine-1|{"digits":"digest-1"}|2)"));
}

TEST_F(SqlFrontDoorTest, EveryColumnOfEveryViewCanBeRead) {
  stored_.AddCheckpoint("digest");
  stored_.Commit({core::Audited{"alice", "pause sweep", "s", tests::StoredSweep::kTime}});
  for (const View& view : DocumentedViews()) {
    EXPECT_THAT(Rows("SELECT * FROM " + view.name), testing::Not(IsEmpty())) << view.name;
    for (const std::string& column : std::vector<std::string>(columns_)) {
      EXPECT_TRUE(Run(absl::StrCat("SELECT ", column, " FROM ", view.name)).ok()) << view.name << "." << column;
    }
    EXPECT_THAT(Rows(absl::StrCat("SELECT count(*) FROM ", view.name)), SizeIs(1));
    EXPECT_TRUE(Run(absl::StrCat("SELECT 1 FROM ", view.name)).ok()) << view.name;
  }
}

TEST_F(SqlFrontDoorTest, ViewsCanBeJoinedGroupedAndNested) {
  EXPECT_THAT(
      Rows("WITH best AS (SELECT sweep, trial, min(value) AS low FROM metrics WHERE name = 'val_loss' GROUP BY "
           "1, 2) SELECT t.config, p.value, best.low FROM best JOIN trials t USING (sweep, trial) JOIN params p "
           "ON p.sweep = t.sweep AND p.config = t.config AND p.path LIKE '%batch_size' WHERE t.state = "
           "'SUCCEEDED'"),
      ElementsAre("0|16|0.25"));
  EXPECT_THAT(Rows("WITH five AS (SELECT trial FROM trials) SELECT count(*) FROM five"), ElementsAre("5"));
  EXPECT_THAT(Rows("SELECT key, value FROM configs, json_each(configs.params) WHERE config = 0 AND key LIKE '%size'"),
              ElementsAre("train.batch_size|16"));
  EXPECT_THAT(Rows("SELECT state, count(*) OVER () FROM trials UNION ALL SELECT 'x', 1 ORDER BY 1 LIMIT 1"), SizeIs(1));
}

TEST_F(SqlFrontDoorTest, EverythingElseIsRefusedWithTheViewsNamed) {
  const std::vector<std::string> refused = {
      "SELECT * FROM trial",
      "SELECT count(*) FROM trial",
      "SELECT 1 FROM trial",
      "SELECT count(*) FROM \"TRIAL\"",
      "SELECT count(*) FROM sqlite_schema",
      "SELECT count(*) FROM pragma_table_list",
      "SELECT spec FROM sweep",
      "SELECT * FROM main.trials",
      "SELECT * FROM sqlite_schema",
      "SELECT * FROM sqlite_master",
      "SELECT * FROM sqlite_temp_master",
      "SELECT * FROM temp.sqlite_schema",
      "SELECT * FROM trials WHERE EXISTS (SELECT 1 FROM worker WHERE name = 'x')",
      "SELECT (SELECT max(rowid) FROM sweep) FROM trials",
      "WITH trials AS (SELECT * FROM trial) SELECT * FROM trials",
      "WITH trials(a) AS (SELECT spec FROM sweep) SELECT a FROM trials",
      "WITH RECURSIVE metrics(a) AS (SELECT key FROM sweep UNION SELECT a + 1 FROM metrics WHERE a < 3) SELECT a FROM "
      "metrics",
      "SELECT * FROM (SELECT * FROM trial) AS trials",
      "SELECT * FROM dbstat",
      "SELECT * FROM sqlite_stmt",
      "SELECT * FROM pragma_table_info('trial')",
      "SELECT load_extension('x')",
      "SELECT fts3_tokenizer('x')",
      "INSERT INTO trial(sweep) VALUES(1)",
      "UPDATE sweep SET name = 'x'",
      "DELETE FROM point",
      "DELETE FROM trials",
      "CREATE TABLE t(a)",
      "CREATE TEMP TABLE t(a)",
      "CREATE TEMP VIEW v AS SELECT * FROM trial",
      "DROP VIEW trials",
      "DROP TABLE trial",
      "ALTER TABLE trial RENAME TO x",
      "PRAGMA query_only = OFF",
      "PRAGMA user_version",
      "ATTACH '/tmp/x.db' AS x",
      "DETACH temp",
      "VACUUM",
      "VACUUM INTO '/tmp/x.db'",
      "REINDEX",
      "ANALYZE",
      "EXPLAIN SELECT * FROM trials",
      "EXPLAIN QUERY PLAN SELECT * FROM trials",
      "BEGIN",
      "COMMIT",
      "ROLLBACK",
      "SAVEPOINT a",
  };
  for (const std::string& sql : refused) {
    const auto result = Run(sql);
    EXPECT_TRUE(absl::IsInvalidArgument(result.status())) << sql << ": " << result.status();
    EXPECT_THAT(std::string(result.status().message()), HasSubstr("the views are sweeps")) << sql;
    EXPECT_THAT(rows_, IsEmpty()) << sql;
  }
  EXPECT_THAT(Rows("SELECT count(*) FROM trials"), ElementsAre("5"));
}

TEST_F(SqlFrontDoorTest, ExactlyOneStatementIsRun) {
  for (const char* sql : {"", "  -- nothing", "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE trial"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Run(sql).status())) << sql;
  }
  EXPECT_THAT(Rows("SELECT 1; -- one"), ElementsAre("1"));
}

TEST_F(SqlFrontDoorTest, UnknownColumnIsNamed) {
  const auto result = Run("SELECT loss FROM trials");
  EXPECT_TRUE(absl::IsInvalidArgument(result.status()));
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("loss"));
}

TEST_F(SqlFrontDoorTest, WordInDoubleQuotesIsAColumn) {
  EXPECT_TRUE(absl::IsInvalidArgument(Run("SELECT * FROM trials WHERE state = \"SUCCEEDED\"").status()));
}

TEST_F(SqlFrontDoorTest, TypesComeAsTheyAre) {
  EXPECT_THAT(Rows("SELECT 1, 1.5, 'a', x'00', NULL, CAST(x'ff' AS TEXT)"), ElementsAre("1|1.5|a|blob|NULL|blob"));
  EXPECT_THAT(columns_, SizeIs(6));
}

TEST_F(SqlFrontDoorTest, RowsBeyondTheLimitAreSaidToBeMissing) {
  limits_.max_rows = 3;
  const auto truncated = Run("SELECT trial FROM trials");
  ASSERT_TRUE(truncated.ok());
  EXPECT_TRUE(*truncated);
  EXPECT_THAT(rows_, SizeIs(3));
  limits_.max_rows = 5;
  EXPECT_FALSE(*Run("SELECT trial FROM trials"));
  EXPECT_THAT(rows_, SizeIs(5));
}

TEST_F(SqlFrontDoorTest, ReaderMayStop) {
  stop_after_ = 2;
  EXPECT_FALSE(*Run("SELECT trial FROM trials"));
  EXPECT_THAT(rows_, SizeIs(2));
}

constexpr char kEndless[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n";

TEST_F(SqlFrontDoorTest, EndlessQueryEndsAtItsDeadline) {
  tick_ = 1000000;
  limits_.max_seconds = 1;
  EXPECT_TRUE(absl::IsDeadlineExceeded(Run(kEndless).status()));
  EXPECT_THAT(Rows("SELECT 1"), SizeIs(1));
}

TEST_F(SqlFrontDoorTest, EndlessQueryEndsWhenItIsCancelled) {
  std::atomic<bool> cancelled{false};
  cancelled_ = &cancelled;
  std::thread canceller([&] { cancelled = true; });
  EXPECT_TRUE(absl::IsCancelled(Run(kEndless).status()));
  canceller.join();
}

TEST_F(SqlFrontDoorTest, MemoryIsLimited) {
  limits_.max_memory_bytes = 4 << 20;
  const auto result =
      Run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
          "SELECT json_group_array(hex(randomblob(500))) FROM n");
  EXPECT_TRUE(absl::IsResourceExhausted(result.status())) << result.status();
  EXPECT_THAT(std::string(result.status().message()), HasSubstr("more than 4 MiB of memory"));
}

TEST_F(SqlFrontDoorTest, HugeValueIsRefused) {
  EXPECT_TRUE(absl::IsResourceExhausted(Run("SELECT length(zeroblob(1000000000))").status()));
  EXPECT_TRUE(absl::IsResourceExhausted(Run("SELECT length(hex(zeroblob(16000000)))").status()));
}

TEST_F(SqlFrontDoorTest, FifthQueryAtOnceIsRefused) {
  // Each row of one query runs the next.
  std::vector<absl::Status> statuses;
  std::function<void(int)> run = [&](int level) {
    statuses.push_back(absl::OkStatus());
    const size_t at = statuses.size() - 1;
    statuses[at] = queries_
                       ->RunSql(
                           "SELECT 1", limits_, nullptr, [](const auto&) {},
                           [&](const v1::SqlRow&) {
                             if (level < 5) run(level + 1);
                             return true;
                           })
                       .status();
  };
  run(1);
  ASSERT_THAT(statuses, SizeIs(5));
  EXPECT_TRUE(statuses[3].ok());
  EXPECT_TRUE(absl::IsResourceExhausted(statuses[4])) << statuses[4];
}

}  // namespace
}  // namespace basin::server::store
