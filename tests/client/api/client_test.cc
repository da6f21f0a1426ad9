#include "client/api/client.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/api/fake_coordinator.h"

namespace basin::client::api {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::Sweep SweepNamed(const std::string& id) {
  v1::Sweep sweep;
  sweep.set_id(id);
  sweep.set_name("name-" + id);
  return sweep;
}

class ClientTest : public ::testing::Test {
 protected:
  tests::FakeCoordinator server_;
  Client client_{server_.address()};
};

TEST_F(ClientTest, ListsGoOverAllPages) {
  for (int i = 0; i < 5; ++i) server_.sweeps.push_back(SweepNamed(std::to_string(i)));
  std::string ids;
  ASSERT_TRUE(client_.Sweeps().ForEach([&](const v1::Sweep& sweep) { return ids += sweep.id(), true; }).ok());
  EXPECT_EQ(ids, "01234");
  EXPECT_EQ(server_.calls(), 3);
}

TEST_F(ClientTest, TriesAgainWhileTheServerIsUnavailable) {
  server_.sweeps.push_back(SweepNamed("a"));
  ASSERT_TRUE(client_.GetSweep("a").ok());
  server_.FailNext(grpc::StatusCode::UNAVAILABLE, "restarting", 2);
  EXPECT_TRUE(client_.GetSweep("a").ok());
  EXPECT_EQ(server_.calls(), 4);
}

TEST_F(ClientTest, TriesAgainWhenAServerThatStopsLeavesTheCall) {
  server_.sweeps.push_back(SweepNamed("a"));
  ASSERT_TRUE(client_.GetSweep("a").ok());
  server_.FailNext(grpc::StatusCode::CANCELLED, "");
  EXPECT_TRUE(client_.GetSweep("a").ok());
}

TEST_F(ClientTest, ARepeatedCreationKeepsItsRequestId) {
  server_.sweeps.push_back(SweepNamed("a"));
  ASSERT_TRUE(client_.GetSweep("a").ok());
  server_.FailNext(grpc::StatusCode::UNAVAILABLE, "reply lost");
  ASSERT_TRUE(client_.CreateSweep(v1::SweepSpec(), "id-1").ok());
  ASSERT_THAT(server_.created(), SizeIs(2));
  EXPECT_EQ(server_.created()[0].request_id(), "id-1");
  EXPECT_EQ(server_.created()[1].request_id(), "id-1");
}

TEST_F(ClientTest, OtherFailuresAreNotRepeated) {
  server_.FailNext(grpc::StatusCode::INTERNAL, "broken");
  EXPECT_EQ(client_.GetSweep("a").status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(server_.calls(), 1);
}

TEST_F(ClientTest, DeletingWhatALostTryHasDeletedSucceeds) {
  server_.sweeps.push_back(SweepNamed("a"));
  ASSERT_TRUE(client_.GetSweep("a").ok());
  server_.sweeps.clear();
  server_.FailNext(grpc::StatusCode::UNAVAILABLE, "reply lost");
  EXPECT_TRUE(client_.DeleteSweep("a").ok());
  EXPECT_EQ(client_.DeleteSweep("a").code(), absl::StatusCode::kNotFound);
}

TEST_F(ClientTest, AnInterruptEndsACallThatWaits) {
  server_.sweeps.push_back(SweepNamed("a"));
  server_.HoldWaits();
  absl::Status status;
  std::thread waiting([&] { status = client_.WaitForSweep("a", 1, 60).status(); });
  while (server_.calls() == 0) std::this_thread::yield();
  client_.Interrupt();
  waiting.join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(client_.GetSweep("a").status().code(), absl::StatusCode::kCancelled);
}

TEST_F(ClientTest, AnsweredSqlRowsComeInOrderWithTheirColumns) {
  v1::QuerySqlResponse first, second;
  first.add_columns("a");
  first.add_rows()->add_cells()->set_integer(1);
  second.add_rows()->add_cells()->set_text("x");
  second.set_truncated(true);
  server_.sql = {first, second};
  std::vector<std::string> columns;
  std::vector<v1::SqlRow> rows;
  const auto truncated = client_.QuerySql("SELECT a", 2,
                                          {.columns = [&](const auto& names) { columns = names; },
                                           .row = [&](const v1::SqlRow& row) { rows.push_back(row); }});
  ASSERT_TRUE(truncated.ok());
  EXPECT_TRUE(*truncated);
  EXPECT_THAT(columns, testing::ElementsAre("a"));
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[1].cells(0).text(), "x");
}

TEST(UnreachableTest, SaysWhereAndHowToStartAServer) {
  std::string address;
  {
    tests::FakeCoordinator gone;
    address = gone.address();
  }
  Client client(address);
  const absl::Status status = client.GetSweep("a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(address));
  EXPECT_THAT(std::string(status.message()), HasSubstr("basin up"));
}

}  // namespace
}  // namespace basin::client::api
