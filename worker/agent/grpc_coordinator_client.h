#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "basin/v1/worker_service.grpc.pb.h"
#include "grpcpp/channel.h"
#include "worker/agent/coordinator_client.h"

namespace basin::worker::agent {

// The coordinator over gRPC.
class GrpcCoordinatorClient : public CoordinatorClient {
 public:
  // `explain` tells why the server is UNAVAILABLE, or OK if it knows of no reason; such a reason is Register's status.
  explicit GrpcCoordinatorClient(const std::shared_ptr<grpc::Channel>& channel,
                                 std::function<absl::Status()> explain = nullptr);

  absl::StatusOr<v1::RegisterWorkerResponse> Register(const v1::RegisterWorkerRequest& request,
                                                      MonoTime deadline) override;
  absl::StatusOr<v1::LeaseTrialsResponse> Lease(const v1::LeaseTrialsRequest& request, MonoTime deadline) override;
  absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request, MonoTime deadline) override;
  absl::Status UploadCheckpoint(const v1::CheckpointHeader& header, std::string_view bytes, MonoTime deadline) override;
  absl::Status UploadWeights(const v1::WeightsHeader& header, std::string_view bytes, MonoTime deadline) override;
  absl::StatusOr<std::string> DownloadCheckpoint(const v1::DownloadCheckpointRequest& request,
                                                 MonoTime deadline) override;
  absl::StatusOr<std::string> DownloadWeights(const v1::DownloadWeightsRequest& request, MonoTime deadline) override;
  absl::StatusOr<v1::RejectCheckpointResponse> RejectCheckpoint(const v1::RejectCheckpointRequest& request,
                                                                MonoTime deadline) override;
  absl::Status Unregister(const v1::UnregisterWorkerRequest& request, MonoTime deadline) override;
  void CancelLeases() override;
  void CancelDownloads() override;

 private:
  // Calls that can be ended from another thread.
  class Cancellable {
   public:
    // Makes a call with a context of its own; CANCELLED once all have been cancelled.
    template <typename Call>
    auto Run(const Call& call) -> decltype(call(std::declval<grpc::ClientContext&>()));
    // Those under way, and those to come.
    void CancelAll();

   private:
    std::mutex mutex_;
    bool cancelled_ = false;
    std::set<grpc::ClientContext*> under_way_;
  };

  std::unique_ptr<v1::WorkerService::Stub> stub_;
  const std::function<absl::Status()> explain_;
  Cancellable leases_;
  Cancellable downloads_;
};

}  // namespace basin::worker::agent
