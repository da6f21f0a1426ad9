#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/worker_service.pb.h"
#include "server/core/command.h"

// Between the wire and the core.
namespace basin::server::rpc {

// INVALID_ARGUMENT when a data set is named twice.
absl::StatusOr<core::WorkerDescription> FromProto(const v1::RegisterWorkerRequest& request);

void ToProto(const core::Checkpoint& checkpoint, v1::CheckpointReference* reference);
void ToProto(const core::LeaseReply& reply, v1::LeaseTrialsResponse* response);

// A report's trials that are fit to be decided, and the answers to those that are not: what is wrong with one trial
// touches no other.
struct CheckedReport {
  core::Report command;
  v1::ReportResponse response;  // Complete but for the trials of `command`.
  std::vector<int> places;      // Of each trial of `command` in the request.

  void SetReply(const core::ReportReply& reply);
};
// INVALID_ARGUMENT when the request as a whole is not valid.
absl::StatusOr<CheckedReport> CheckReport(const v1::ReportRequest& request);

}  // namespace basin::server::rpc
