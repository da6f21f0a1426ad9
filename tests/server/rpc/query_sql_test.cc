#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class QuerySqlTest : public RpcTest {
 protected:
  struct Result {
    absl::Status status;
    std::vector<v1::QuerySqlResponse> chunks;
    int rows() const {
      int rows = 0;
      for (const v1::QuerySqlResponse& chunk : chunks) rows += chunk.rows_size();
      return rows;
    }
  };
  Result Query(const std::string& sql, uint64_t max_rows = 0) {
    v1::QuerySqlRequest request;
    request.set_sql(sql);
    request.set_max_rows(max_rows);
    grpc::ClientContext context;
    const auto reader = sweeps_->QuerySql(&context, request);
    Result result;
    v1::QuerySqlResponse chunk;
    while (reader->Read(&chunk)) result.chunks.push_back(chunk);
    result.status = FromGrpcStatus(reader->Finish());
    return result;
  }
};

TEST_F(QuerySqlTest, RowsComeWithTheirColumns) {
  Create();
  const Result result = Query("SELECT name, 1 AS one, NULL AS empty FROM sweeps");
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_THAT(result.chunks, SizeIs(1));
  EXPECT_THAT(result.chunks[0].columns(), ElementsAre("name", "one", "empty"));
  const v1::SqlRow& row = result.chunks[0].rows(0);
  EXPECT_EQ(row.cells(0).text(), "digits");
  EXPECT_EQ(row.cells(1).integer(), 1);
  EXPECT_EQ(row.cells(2).kind_case(), v1::SqlCell::KIND_NOT_SET);
}

TEST_F(QuerySqlTest, NoRowsStillHaveColumns) {
  const Result result = Query("SELECT name FROM sweeps");
  ASSERT_TRUE(result.status.ok()) << result.status;
  ASSERT_THAT(result.chunks, SizeIs(1));
  EXPECT_THAT(result.chunks[0].columns(), ElementsAre("name"));
  EXPECT_THAT(result.chunks[0].rows(), IsEmpty());
}

TEST_F(QuerySqlTest, ManyRowsComeInSeveralChunks) {
  Create();
  const std::string worker = Register();
  v1::TrialReport report = ReportOf(Lease(worker).at(0));
  for (int i = 0; i < 20000; ++i) report.add_points()->set_name("val_loss");
  ASSERT_EQ(Report(worker, report).code(), 0);
  const Result result = Query("SELECT * FROM metrics");
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.rows(), 20000);
  EXPECT_GT(result.chunks.size(), 1u);
  EXPECT_THAT(result.chunks[1].columns(), IsEmpty());
}

TEST_F(QuerySqlTest, RowsBeyondTheLimitAreCutAndSaid) {
  Create("one");
  Create("two");
  const Result result = Query("SELECT name FROM sweeps", 1);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.rows(), 1);
  EXPECT_TRUE(result.chunks.back().truncated());
}

TEST_F(QuerySqlTest, OnlySelectsOnTheViewsAreRun) {
  Create();
  for (const char* sql :
       {"DELETE FROM trials", "DROP VIEW trials", "SELECT * FROM sqlite_master", "PRAGMA user_version",
        "SELECT 1; SELECT 2", "ATTACH '/tmp/x' AS x", "SELEC", "SELECT nothing FROM sweeps"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Query(sql).status)) << sql;
  }
  EXPECT_EQ(Query("SELECT name FROM sweeps").rows(), 1);
}

TEST_F(QuerySqlTest, AnEmptyStatementIsAFieldError) { EXPECT_THAT(Query("").status, IsViolationAt("sql")); }

TEST_F(QuerySqlTest, ACallerThatGoesAwayEndsItsQuery) {
  Create();
  const std::string worker = Register();
  v1::TrialReport report = ReportOf(Lease(worker).at(0));
  for (int i = 0; i < 50000; ++i) report.add_points()->set_name("val_loss");
  ASSERT_EQ(Report(worker, report).code(), 0);
  v1::QuerySqlRequest request;
  // Long cells: what a chunk costs under ThreadSanitizer goes with their number.
  request.set_sql("SELECT hex(zeroblob(4096)) FROM metrics a, metrics b");
  request.set_max_rows(1000000000);
  for (int i = 0; i < 8; ++i) {
    grpc::ClientContext context;
    const auto reader = sweeps_->QuerySql(&context, request);
    v1::QuerySqlResponse chunk;
    ASSERT_TRUE(reader->Read(&chunk));
    context.TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  // More than may run at once: each has ended.
  EXPECT_TRUE(Query("SELECT name FROM sweeps").status.ok());
}

}  // namespace
}  // namespace basin::server::rpc
