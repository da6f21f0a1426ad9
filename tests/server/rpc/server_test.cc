#include "server/rpc/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <mutex>

#include "grpcpp/create_channel.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

class ServerTest : public RpcTest {
 protected:
  // What a second server says that is to listen on `address`.
  absl::Status StartOn(const ListenAddress& address) {
    const tests::TempDir dir;
    const auto store = *store::SqliteStore::Open(dir.path().string());
    const auto queries = *store::SqliteQueries::Open(dir.path().string(), [this] { return clock_.Read().mono; });
    ServerOptions options;
    options.listen = address;
    return Server::Start(options, store.get(), queries.get(), artifacts_.get(), &clock_).status();
  }
};

TEST_F(ServerTest, APortInUseIsRefused) {
  const absl::Status status = StartOn(server_->address());
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(status.message(), testing::HasSubstr("another program uses the port"));
}

// 192.0.2.1 is kept for examples (RFC 5737).
TEST_F(ServerTest, AnAddressThatThisMachineDoesNotHaveIsRefusedForThatReason) {
  EXPECT_THAT(StartOn({"192.0.2.1", server_->address().port}).message(),
              testing::HasSubstr("this machine does not have the address"));
}

// Servers with short limits, beside that of the fixture.
class ConnectionLimitsTest : public RpcTest {
 protected:
  std::unique_ptr<Server> Start(const ServerOptions& options) {
    return *Server::Start(options, other_store_.get(), other_queries_.get(), artifacts_.get(), &clock_);
  }

 private:
  const tests::TempDir dir_;
  const std::unique_ptr<store::SqliteStore> other_store_ = *store::SqliteStore::Open(dir_.path().string());
  const std::unique_ptr<store::Queries> other_queries_ =
      *store::SqliteQueries::Open(dir_.path().string(), [this] { return clock_.Read().mono; });
};

TEST_F(ConnectionLimitsTest, AConnectionThatSaysNothingIsClosed) {
  ServerOptions options;
  options.handshake_limit = std::chrono::milliseconds(100);
  const auto server = Start(options);
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server->address().port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(silent, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};  // Keepalive would find it dead after 40 s.
  setsockopt(silent, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  // What the server says first, and its end.
  char bytes[256];
  ssize_t size = 0;
  do size = recv(silent, bytes, sizeof(bytes), 0);
  while (size > 0);
  EXPECT_EQ(size, 0) << strerror(errno);
  close(silent);
}

TEST_F(ConnectionLimitsTest, AConnectionWithoutCallsIsClosedAndOpenedAgainByTheNextOne) {
  ServerOptions options;
  options.idle_limit = std::chrono::milliseconds(100);
  const auto server = Start(options);
  const auto channel = grpc::CreateChannel(server->address().ToString(), grpc::InsecureChannelCredentials());
  const auto stub = v1::SweepService::NewStub(channel);
  for (int time = 0; time < 2; ++time) {
    grpc::ClientContext context;
    v1::GetServerInfoResponse response;
    ASSERT_TRUE(stub->GetServerInfo(&context, {}, &response).ok());
    const auto deadline = std::chrono::system_clock::now() + std::chrono::seconds(30);
    EXPECT_TRUE(channel->WaitForStateChange(GRPC_CHANNEL_READY, deadline));
  }
}

TEST_F(ServerTest, AServerStartedAgainHasItsSweeps) {
  const std::string id = Create().id();
  server_.reset();
  server_ = *Server::Start(ServerOptions(), store_.get(), queries_.get(), artifacts_.get(), &clock_);
  sweeps_ = v1::SweepService::NewStub(NewChannel());
  EXPECT_EQ(Get("digits").id(), id);
}

TEST_F(ServerTest, ShuttingDownTwiceIsFine) {
  server_->Shutdown();
  server_->Shutdown();
}

TEST_F(ServerTest, AShutdownSaysThatACallCantBeEnded) {
  server_.reset();
  std::promise<void> stuck, released;
  std::once_flag first;
  // A query looks at the clock before anything else.
  const auto queries = *store::SqliteQueries::Open(dir_.path().string(), [&] {
    std::call_once(first, [&] {
      stuck.set_value();
      released.get_future().wait();
    });
    return clock_.Read().mono;
  });
  ServerOptions options;
  options.shutdown_limit = std::chrono::milliseconds(1);
  options.on_late_shutdown = [&] { released.set_value(); };
  server_ = *Server::Start(options, store_.get(), queries.get(), artifacts_.get(), &clock_);
  sweeps_ = v1::SweepService::NewStub(NewChannel());
  grpc::ClientContext context;
  v1::QuerySqlRequest request;
  request.set_sql("SELECT 1");
  const auto reader = sweeps_->QuerySql(&context, request);
  stuck.get_future().wait();
  server_->Shutdown();
  v1::QuerySqlResponse response;
  while (reader->Read(&response)) continue;
  EXPECT_TRUE(reader->Finish().ok());
  server_.reset();
}

}  // namespace
}  // namespace basin::server::rpc
