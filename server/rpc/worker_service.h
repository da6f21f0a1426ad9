#pragma once

#include "basin/v1/worker_service.grpc.pb.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {

// The calls of workers. Thin: each checks its request, hands a command to the coordinator, and turns the reply into the
// answer.
class WorkerService : public v1::WorkerService::CallbackService {
 public:
  explicit WorkerService(const Parts* parts) : parts_(*parts) {}

  grpc::ServerUnaryReactor* RegisterWorker(grpc::CallbackServerContext* context,
                                           const v1::RegisterWorkerRequest* request,
                                           v1::RegisterWorkerResponse* response) override;
  grpc::ServerUnaryReactor* LeaseTrials(grpc::CallbackServerContext* context, const v1::LeaseTrialsRequest* request,
                                        v1::LeaseTrialsResponse* response) override;
  grpc::ServerUnaryReactor* Report(grpc::CallbackServerContext* context, const v1::ReportRequest* request,
                                   v1::ReportResponse* response) override;
  grpc::ServerReadReactor<v1::UploadCheckpointRequest>* UploadCheckpoint(
      grpc::CallbackServerContext* context, v1::UploadCheckpointResponse* response) override;
  grpc::ServerReadReactor<v1::UploadWeightsRequest>* UploadWeights(grpc::CallbackServerContext*,
                                                                   v1::UploadWeightsResponse*) override;
  grpc::ServerWriteReactor<v1::DownloadCheckpointResponse>* DownloadCheckpoint(
      grpc::CallbackServerContext* context, const v1::DownloadCheckpointRequest* request) override;
  grpc::ServerWriteReactor<v1::DownloadWeightsResponse>* DownloadWeights(
      grpc::CallbackServerContext* context, const v1::DownloadWeightsRequest* request) override;
  grpc::ServerUnaryReactor* RejectCheckpoint(grpc::CallbackServerContext* context,
                                             const v1::RejectCheckpointRequest* request,
                                             v1::RejectCheckpointResponse* response) override;
  grpc::ServerUnaryReactor* UnregisterWorker(grpc::CallbackServerContext* context,
                                             const v1::UnregisterWorkerRequest* request,
                                             v1::UnregisterWorkerResponse* response) override;

 private:
  const Parts& parts_;
};

}  // namespace basin::server::rpc
