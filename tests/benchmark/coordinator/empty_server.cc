#include "tests/benchmark/coordinator/empty_server.h"

#include <cstdio>
#include <fstream>

#include "basin/v1/worker_service.grpc.pb.h"
#include "grpcpp/server_builder.h"

namespace basin::benchmark {
namespace {

class EmptyService : public v1::WorkerService::CallbackService {
  grpc::ServerUnaryReactor* UnregisterWorker(grpc::CallbackServerContext* context, const v1::UnregisterWorkerRequest*,
                                             v1::UnregisterWorkerResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace

int ServeEmptyCalls(const std::string& endpoint_file) {
  EmptyService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  const std::string half = endpoint_file + ".half";
  std::ofstream(half) << "127.0.0.1:" << port << "\n";
  if (std::rename(half.c_str(), endpoint_file.c_str()) != 0) return 1;
  server->Wait();
  return 0;
}

}  // namespace basin::benchmark
