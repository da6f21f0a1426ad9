// Services of which the distribution has no generated code, called with their bytes.

#include "grpcpp/generic/generic_stub.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, const std::string& bytes) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::Slice slice(bytes);
  const auto call = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(&slice, 1), &queue);
  call->StartCall();
  RawAnswer answer;
  grpc::ByteBuffer response;
  call->Finish(&response, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice whole;
  if (answer.status.ok() && response.DumpToSingleSlice(&whole).ok()) {
    answer.bytes.assign(reinterpret_cast<const char*>(whole.begin()), whole.size());
  }
  return answer;
}

constexpr char kServing[] = "\x08\x01";  // HealthCheckResponse{status: SERVING}
constexpr char kReflection[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
const std::string kListServices("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}

class GenericServicesTest : public RpcTest {};

TEST_F(GenericServicesTest, HealthIsServing) {
  EXPECT_EQ(CallRaw(NewChannel(), "/grpc.health.v1.Health/Check", "").bytes, kServing);
}

TEST_F(GenericServicesTest, HealthOfOneServiceIsServing) {
  const std::string service = "basin.v1.WorkerService";
  const std::string request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  EXPECT_EQ(CallRaw(NewChannel(), "/grpc.health.v1.Health/Check", request).bytes, kServing);
}

TEST_F(GenericServicesTest, ReflectionIsOffUnlessAskedFor) {
  EXPECT_EQ(CallRaw(NewChannel(), kReflection, kListServices).status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GenericServicesTest, ReflectionListsTheServicesWhenAskedFor) {
  server_.reset();
  ServerOptions options;
  options.enable_reflection = true;
  server_ = *Server::Start(options, store_.get(), queries_.get(), artifacts_.get(), &clock_);
  EXPECT_THAT(CallRaw(NewChannel(), kReflection, kListServices).bytes, testing::HasSubstr("basin.v1.SweepService"));
}

}  // namespace
}  // namespace basin::server::rpc
