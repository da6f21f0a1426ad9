#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/worker_service.pb.h"
#include "worker/agent/clock.h"

namespace basin::worker::agent {

// The coordinator as a worker sees it: the calls of basin.v1.WorkerService. Each blocks until it is answered or
// `deadline` from now has passed (DEADLINE_EXCEEDED); none retries. Thread-safe.
class CoordinatorClient {
 public:
  virtual ~CoordinatorClient() = default;

  virtual absl::StatusOr<v1::RegisterWorkerResponse> Register(const v1::RegisterWorkerRequest& request,
                                                              MonoTime deadline) = 0;
  virtual absl::StatusOr<v1::LeaseTrialsResponse> Lease(const v1::LeaseTrialsRequest& request, MonoTime deadline) = 0;
  virtual absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request, MonoTime deadline) = 0;
  // `bytes` outlive the call.
  virtual absl::Status UploadCheckpoint(const v1::CheckpointHeader& header, std::string_view bytes,
                                        MonoTime deadline) = 0;
  virtual absl::Status UploadWeights(const v1::WeightsHeader& header, std::string_view bytes, MonoTime deadline) = 0;
  // All of it, with the digest that was asked for; DATA_LOSS otherwise.
  virtual absl::StatusOr<std::string> DownloadCheckpoint(const v1::DownloadCheckpointRequest& request,
                                                         MonoTime deadline) = 0;
  // All of them. NOT_FOUND.
  virtual absl::StatusOr<std::string> DownloadWeights(const v1::DownloadWeightsRequest& request, MonoTime deadline) = 0;
  virtual absl::StatusOr<v1::RejectCheckpointResponse> RejectCheckpoint(const v1::RejectCheckpointRequest& request,
                                                                        MonoTime deadline) = 0;
  virtual absl::Status Unregister(const v1::UnregisterWorkerRequest& request, MonoTime deadline) = 0;

  // From now on every Lease returns CANCELLED, those that wait too.
  virtual void CancelLeases() = 0;
  // The same of downloads.
  virtual void CancelDownloads() = 0;
};

}  // namespace basin::worker::agent
