#pragma once

#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "server/rpc/call.h"

// What the lists of SweepService answer. These read from the store: on a thread that may wait.
namespace basin::server::rpc {

absl::Status ListTrials(const Parts& parts, const v1::ListTrialsRequest& request, v1::ListTrialsResponse* response);
absl::Status ListMetricPoints(const Parts& parts, const v1::ListMetricPointsRequest& request,
                              v1::ListMetricPointsResponse* response);
absl::Status ListArtifacts(const Parts& parts, const v1::ListArtifactsRequest& request,
                           v1::ListArtifactsResponse* response);
// The digest of the file that is asked for. NOT_FOUND.
absl::StatusOr<std::string> FindArtifact(const Parts& parts, const v1::DownloadArtifactRequest& request);
absl::Status ListResults(const Parts& parts, const v1::ListResultsRequest& request, v1::ListResultsResponse* response);
absl::Status GetServerInfo(const Parts& parts, v1::GetServerInfoResponse* response);

// These two read from memory.
absl::Status ListSweeps(const Parts& parts, const v1::ListSweepsRequest& request, v1::ListSweepsResponse* response);
absl::Status ListWorkers(const Parts& parts, const v1::ListWorkersRequest& request, v1::ListWorkersResponse* response);

}  // namespace basin::server::rpc
