#include "server/rpc/worker_service.h"

#include <memory>
#include <string>
#include <utility>

#include "proto/contract/validate.h"
#include "proto/contract/version.h"
#include "server/rpc/artifact_streams.h"
#include "server/rpc/conversion.h"
#include "server/runtime/log.h"
#include "server/runtime/sweep_view.h"

namespace basin::server::rpc {
namespace {

// A call for work that may be held back; it deletes itself when it is done.
class LeaseCall : public grpc::ServerUnaryReactor {
 public:
  LeaseCall(const Parts& parts, v1::LeaseTrialsResponse* response) : parts_(parts), response_(response) {}

  void Start(const v1::LeaseTrialsRequest& request, const std::string& principal, core::MonoTime wait) {
    call_ = parts_.coordinator->Lease({.worker = request.worker_id(),
                                       .max_trials = request.max_trials(),
                                       .request_id = request.request_id(),
                                       .principal = principal,
                                       .ahead = request.ahead()},
                                      wait, [this](absl::StatusOr<core::Reply> reply) { Answer(std::move(reply)); });
  }

  void OnCancel() override { parts_.coordinator->CancelLease(call_); }
  void OnDone() override { delete this; }

 private:
  void Answer(absl::StatusOr<core::Reply> reply) {
    if (!reply.ok()) {
      rpc::Finish(this, reply.status());
      return;
    }
    core::LeaseReply lease = std::get<core::LeaseReply>(*std::move(reply));
    if (lease.leases.empty()) {
      response_->set_drain(lease.drain);
      rpc::Finish(this, absl::OkStatus());
      return;
    }
    // Workloads are resolved away from the loop.
    FinishOn(parts_.requests, this, [this, lease = std::move(lease)] {
      ToProto(lease, response_);
      return absl::OkStatus();
    });
  }

  const Parts& parts_;
  v1::LeaseTrialsResponse* const response_;
  uint64_t call_ = 0;
};

}  // namespace

grpc::ServerUnaryReactor* WorkerService::RegisterWorker(grpc::CallbackServerContext* context,
                                                        const v1::RegisterWorkerRequest* request,
                                                        v1::RegisterWorkerResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  // Before the rules, which a newer worker's request may break.
  const absl::StatusOr<access::Caller> caller = AdmitCall(parts_, *context, *request);
  absl::Status status = caller.status();
  if (status.ok()) {
    status = request->protocol_version() != 0 && request->protocol_version() != contract::kProtocolVersion
                 ? ProtocolMismatch(std::to_string(request->protocol_version()))
                 : contract::ValidateMessage(*request);
  }
  absl::StatusOr<core::WorkerDescription> description =
      status.ok() ? FromProto(*request) : absl::StatusOr<core::WorkerDescription>(status);
  if (!description.ok()) {
    Finish(reactor, description.status());
    return reactor;
  }
  description->principal = caller->name;
  parts_.coordinator->Submit(core::RegisterWorker{.id = "", .description = *std::move(description)},
                             [this, reactor, response](absl::StatusOr<core::Reply> reply) {
                               if (reply.ok()) {
                                 response->set_worker_id(std::get<core::WorkerReply>(*reply).id);
                                 *response->mutable_lease() = runtime::ToDuration(parts_.lease);
                                 *response->mutable_heartbeat() = runtime::ToDuration(parts_.lease / 3);
                                 response->set_server_version(contract::kVersion);
                               }
                               Finish(reactor, reply.status());
                             });
  return reactor;
}

grpc::ServerUnaryReactor* WorkerService::LeaseTrials(grpc::CallbackServerContext* context,
                                                     const v1::LeaseTrialsRequest* request,
                                                     v1::LeaseTrialsResponse* response) {
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  const absl::StatusOr<core::MonoTime> wait =
      caller.ok() ? ReadWait(request->wait()) : absl::StatusOr<core::MonoTime>(caller.status());
  if (!wait.ok()) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    Finish(reactor, wait.status());
    return reactor;
  }
  auto* call = new LeaseCall(parts_, response);
  call->Start(*request, caller->name, *wait);
  return call;
}

grpc::ServerUnaryReactor* WorkerService::Report(grpc::CallbackServerContext* context, const v1::ReportRequest* request,
                                                v1::ReportResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<access::Caller> caller = AdmitCall(parts_, *context, *request);
  absl::StatusOr<CheckedReport> checked =
      caller.ok() ? CheckReport(*request) : absl::StatusOr<CheckedReport>(caller.status());
  if (!checked.ok()) {
    Finish(reactor, checked.status());
    return reactor;
  }
  core::Report command = std::move(checked->command);
  command.principal = caller->name;
  parts_.coordinator->Submit(
      std::move(command), [reactor, response, report = *std::move(checked)](absl::StatusOr<core::Reply> reply) mutable {
        if (reply.ok()) {
          report.SetReply(std::get<core::ReportReply>(*reply));
          *response = std::move(report.response);
        }
        Finish(reactor, reply.status());
      });
  return reactor;
}

grpc::ServerReadReactor<v1::UploadCheckpointRequest>* WorkerService::UploadCheckpoint(
    grpc::CallbackServerContext* context, v1::UploadCheckpointResponse*) {
  auto* call = new CheckpointUpload(parts_);
  call->Start(AdmitCall(parts_, *context, v1::UploadCheckpointRequest()));
  return call;
}

grpc::ServerReadReactor<v1::UploadWeightsRequest>* WorkerService::UploadWeights(grpc::CallbackServerContext* context,
                                                                                v1::UploadWeightsResponse*) {
  auto* call = new WeightsUpload(parts_);
  call->Start(AdmitCall(parts_, *context, v1::UploadWeightsRequest()));
  return call;
}

grpc::ServerWriteReactor<v1::DownloadCheckpointResponse>* WorkerService::DownloadCheckpoint(
    grpc::CallbackServerContext* context, const v1::DownloadCheckpointRequest* request) {
  auto* call = new CheckpointDownload(parts_, [sha256 = request->sha256()] { return sha256; });
  call->Start(CheckCall(parts_, *context, *request).status());
  return call;
}

grpc::ServerWriteReactor<v1::DownloadWeightsResponse>* WorkerService::DownloadWeights(
    grpc::CallbackServerContext* context, const v1::DownloadWeightsRequest* request) {
  auto* call = new WeightsDownload(
      parts_, [this, training = core::Computation{
                         request->workload_digest(), request->seed(), request->engine_fingerprint(), request->dataset(),
                         request->data_digest()}] { return parts_.queries->FindWeights(training); });
  call->Start(CheckCall(parts_, *context, *request).status());
  return call;
}

grpc::ServerUnaryReactor* WorkerService::RejectCheckpoint(grpc::CallbackServerContext* context,
                                                          const v1::RejectCheckpointRequest* request,
                                                          v1::RejectCheckpointResponse* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  if (!caller.ok()) {
    Finish(reactor, caller.status());
    return reactor;
  }
  runtime::Log(runtime::LogLevel::kWarning, "a checkpoint was rejected",
               {{"sweep", request->sweep_id()},
                {"trial", request->index()},
                {"attempt", request->attempt()},
                {"sha256", request->sha256()},
                {"reason", request->reason()}});
  parts_.coordinator->Submit(core::RejectCheckpoint{.worker = request->worker_id(),
                                                    .key = {.sweep = request->sweep_id(), .index = request->index()},
                                                    .attempt = request->attempt(),
                                                    .sha256 = request->sha256(),
                                                    .principal = caller->name},
                             [reactor, response](absl::StatusOr<core::Reply> reply) {
                               if (reply.ok()) {
                                 const auto& from = std::get<core::RejectReply>(*reply).from;
                                 if (from) ToProto(*from, response->mutable_checkpoint());
                               }
                               Finish(reactor, reply.status());
                             });
  return reactor;
}

grpc::ServerUnaryReactor* WorkerService::UnregisterWorker(grpc::CallbackServerContext* context,
                                                          const v1::UnregisterWorkerRequest* request,
                                                          v1::UnregisterWorkerResponse*) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  if (!caller.ok()) {
    Finish(reactor, caller.status());
    return reactor;
  }
  parts_.coordinator->Submit(core::UnregisterWorker{.id = request->worker_id(), .principal = caller->name},
                             [reactor](const absl::StatusOr<core::Reply>& reply) { Finish(reactor, reply.status()); });
  return reactor;
}

}  // namespace basin::server::rpc
