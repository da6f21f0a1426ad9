#include "server/rpc/server.h"

#include "server/runtime/log.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

class ServerTest : public RpcTest {};

TEST_F(ServerTest, APortInUseIsRefused) {
  const tests::TempDir dir;
  const auto store = *store::SqliteStore::Open(dir.path().string());
  const auto queries = *store::SqliteQueries::Open(dir.path().string(), [this] { return clock_.Read().mono; });
  ServerOptions options;
  options.listen = server_->address();
  EXPECT_TRUE(
      absl::IsUnavailable(Server::Start(options, store.get(), queries.get(), artifacts_.get(), &clock_).status()));
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

}  // namespace
}  // namespace basin::server::rpc
