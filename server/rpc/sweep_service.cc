#include "server/rpc/sweep_service.h"

#include <memory>
#include <string>
#include <utility>

#include "proto/contract/status.h"
#include "server/rpc/artifact_streams.h"
#include "server/rpc/new_sweep.h"
#include "server/rpc/sql_stream.h"
#include "server/rpc/sweep_reads.h"
#include "server/rpc/verification.h"

namespace basin::server::rpc {
namespace {

using Reactor = grpc::ServerUnaryReactor;

Reactor* FinishNow(grpc::CallbackServerContext* context, const absl::Status& status) {
  Reactor* reactor = context->DefaultReactor();
  Finish(reactor, status);
  return reactor;
}

core::Actor ActorOf(const access::Caller& caller) {
  return {.name = caller.name, .own_sweeps_only = caller.role == access::Role::kSubmit};
}

// A GetSweep that may wait for a change; it deletes itself when it is done.
class GetSweepCall : public grpc::ServerUnaryReactor {
 public:
  GetSweepCall(const Parts& parts, v1::GetSweepResponse* response) : parts_(parts), response_(response) {}

  void Start(const core::SweepId& id, uint64_t known_revision, core::MonoTime wait) {
    wait_ = parts_.board->WaitForSweep(id, known_revision, wait,
                                       [this](absl::StatusOr<v1::Sweep> sweep) { Answer(std::move(sweep)); });
  }

  void OnCancel() override { parts_.board->CancelWait(wait_); }
  void OnDone() override { delete this; }

 private:
  void Answer(absl::StatusOr<v1::Sweep> sweep) {
    if (!sweep.ok()) {
      rpc::Finish(this, sweep.status());
      return;
    }
    *response_->mutable_sweep() = *std::move(sweep);
    FinishOn(parts_.reads, this, [this] {
      absl::StatusOr<v1::SweepSpec> spec = parts_.queries->FindSpec(response_->sweep().id());
      if (spec.ok()) *response_->mutable_sweep()->mutable_spec() = *std::move(spec);
      return spec.status();
    });
  }

  const Parts& parts_;
  v1::GetSweepResponse* const response_;
  uint64_t wait_ = 0;
};

// Puts the sweep as it is now into an answer.
absl::Status SetSweep(const Parts& parts, const core::SweepId& id, v1::Sweep* sweep) {
  absl::StatusOr<v1::Sweep> now = parts.board->GetSweep(id);
  if (now.ok()) *sweep = *std::move(now);
  return now.status();
}

}  // namespace

template <typename Request, typename Response>
Reactor* SweepService::Read(Context* context, const Request* request, Response* response,
                            absl::Status (*read)(const Parts&, const Request&, Response*)) {
  const absl::Status status = CheckCall(parts_, *context, *request).status();
  if (!status.ok()) return FinishNow(context, status);
  Reactor* reactor = context->DefaultReactor();
  FinishOn(parts_.reads, reactor, [this, request, response, read] { return read(parts_, *request, response); });
  return reactor;
}

template <typename Command, typename Request, typename OnReply>
Reactor* SweepService::Change(Context* context, const Request* request, OnReply on_reply) {
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  if (!caller.ok()) return FinishNow(context, caller.status());
  const absl::StatusOr<core::SweepId> id = parts_.board->FindSweep(request->sweep());
  if (!id.ok()) return FinishNow(context, id.status());
  Reactor* reactor = context->DefaultReactor();
  Command command;
  command.id = *id;
  command.by = ActorOf(*caller);
  parts_.coordinator->Submit(std::move(command), [reactor, on_reply](const absl::StatusOr<core::Reply>& reply) {
    Finish(reactor, reply.ok() ? on_reply(std::get<core::SweepReply>(*reply)) : reply.status());
  });
  return reactor;
}

void SweepService::Create(core::CreateSweep command, Reactor* reactor, v1::Sweep* sweep) {
  parts_.coordinator->Submit(std::move(command), [this, reactor, sweep](const absl::StatusOr<core::Reply>& reply) {
    Finish(reactor, reply.ok() ? SetSweep(parts_, std::get<core::SweepReply>(*reply).id, sweep) : reply.status());
  });
}

Reactor* SweepService::CreateSweep(Context* context, const v1::CreateSweepRequest* request,
                                   v1::CreateSweepResponse* response) {
  const absl::StatusOr<access::Caller> caller = AdmitCall(parts_, *context, *request);
  if (!caller.ok()) return FinishNow(context, caller.status());
  Reactor* reactor = context->DefaultReactor();
  const auto create = [this, reactor, request, response, by = ActorOf(*caller)] {
    absl::StatusOr<NewSweep> checked = CheckNewSweep(*request, parts_.caps);
    if (!checked.ok()) return Finish(reactor, checked.status());
    if (request->validate_only()) {
      *response->mutable_sweep() = Preview(*checked->definition);
      return Finish(reactor, absl::OkStatus());
    }
    core::CreateSweep command;
    command.definition = std::move(checked->definition);
    command.request_id = request->request_id();
    command.spec_digest = std::move(checked->spec_digest);
    command.by = by;
    Create(std::move(command), reactor, response->mutable_sweep());
  };
  if (!parts_.requests->Post(create)) Finish(reactor, Overloaded());
  return reactor;
}

Reactor* SweepService::GetSweep(Context* context, const v1::GetSweepRequest* request, v1::GetSweepResponse* response) {
  const absl::Status status = CheckCall(parts_, *context, *request).status();
  if (!status.ok()) return FinishNow(context, status);
  const absl::StatusOr<core::MonoTime> wait = ReadWait(request->wait());
  if (!wait.ok()) return FinishNow(context, wait.status());
  const absl::StatusOr<core::SweepId> id = parts_.board->FindSweep(request->sweep());
  if (!id.ok()) return FinishNow(context, id.status());
  auto* call = new GetSweepCall(parts_, response);
  call->Start(*id, request->known_revision(), *wait);
  return call;
}

Reactor* SweepService::ListSweeps(Context* context, const v1::ListSweepsRequest* request,
                                  v1::ListSweepsResponse* response) {
  return Read(context, request, response, rpc::ListSweeps);
}

Reactor* SweepService::PauseSweep(Context* context, const v1::PauseSweepRequest* request,
                                  v1::PauseSweepResponse* response) {
  return Change<core::PauseSweep>(context, request, [this, response](const core::SweepReply& reply) {
    return SetSweep(parts_, reply.id, response->mutable_sweep());
  });
}

Reactor* SweepService::ResumeSweep(Context* context, const v1::ResumeSweepRequest* request,
                                   v1::ResumeSweepResponse* response) {
  return Change<core::ResumeSweep>(context, request, [this, response](const core::SweepReply& reply) {
    return SetSweep(parts_, reply.id, response->mutable_sweep());
  });
}

Reactor* SweepService::CancelSweep(Context* context, const v1::CancelSweepRequest* request,
                                   v1::CancelSweepResponse* response) {
  return Change<core::CancelSweep>(context, request, [this, response](const core::SweepReply& reply) {
    return SetSweep(parts_, reply.id, response->mutable_sweep());
  });
}

Reactor* SweepService::RetrySweep(Context* context, const v1::RetrySweepRequest* request,
                                  v1::RetrySweepResponse* response) {
  return Change<core::RetrySweep>(context, request, [this, response](const core::SweepReply& reply) {
    response->set_requeued(reply.requeued);
    return SetSweep(parts_, reply.id, response->mutable_sweep());
  });
}

Reactor* SweepService::DeleteSweep(Context* context, const v1::DeleteSweepRequest* request, v1::DeleteSweepResponse*) {
  return Change<core::DeleteSweep>(context, request, [](const core::SweepReply&) { return absl::OkStatus(); });
}

Reactor* SweepService::ListTrials(Context* context, const v1::ListTrialsRequest* request,
                                  v1::ListTrialsResponse* response) {
  return Read(context, request, response, rpc::ListTrials);
}

Reactor* SweepService::ListMetricPoints(Context* context, const v1::ListMetricPointsRequest* request,
                                        v1::ListMetricPointsResponse* response) {
  return Read(context, request, response, rpc::ListMetricPoints);
}

Reactor* SweepService::ListResults(Context* context, const v1::ListResultsRequest* request,
                                   v1::ListResultsResponse* response) {
  return Read(context, request, response, rpc::ListResults);
}

Reactor* SweepService::ListArtifacts(Context* context, const v1::ListArtifactsRequest* request,
                                     v1::ListArtifactsResponse* response) {
  return Read(context, request, response, rpc::ListArtifacts);
}

grpc::ServerWriteReactor<v1::DownloadArtifactResponse>* SweepService::DownloadArtifact(
    Context* context, const v1::DownloadArtifactRequest* request) {
  auto* call = new ArtifactDownload(parts_, [this, request = *request] { return FindArtifact(parts_, request); });
  call->Start(CheckCall(parts_, *context, *request).status());
  return call;
}

Reactor* SweepService::VerifyTrial(Context* context, const v1::VerifyTrialRequest* request,
                                   v1::VerifyTrialResponse* response) {
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  if (!caller.ok()) return FinishNow(context, caller.status());
  const absl::StatusOr<core::SweepId> id = parts_.board->FindSweep(request->sweep());
  if (!id.ok()) return FinishNow(context, id.status());
  Reactor* reactor = context->DefaultReactor();
  const auto verify = [this, reactor, request, response, id = *id, by = ActorOf(*caller)] {
    absl::StatusOr<core::CreateSweep> command = VerificationOf(parts_, id, *request);
    if (!command.ok()) return Finish(reactor, command.status());
    command->by = by;
    Create(*std::move(command), reactor, response->mutable_sweep());
  };
  if (!parts_.reads->Post(verify)) Finish(reactor, Overloaded());
  return reactor;
}

Reactor* SweepService::ListWorkers(Context* context, const v1::ListWorkersRequest* request,
                                   v1::ListWorkersResponse* response) {
  return Read(context, request, response, rpc::ListWorkers);
}

Reactor* SweepService::DrainWorker(Context* context, const v1::DrainWorkerRequest* request,
                                   v1::DrainWorkerResponse* response) {
  const absl::StatusOr<access::Caller> caller = CheckCall(parts_, *context, *request);
  if (!caller.ok()) return FinishNow(context, caller.status());
  const absl::StatusOr<core::WorkerId> id = parts_.board->FindWorker(request->worker());
  if (!id.ok()) return FinishNow(context, id.status());
  Reactor* reactor = context->DefaultReactor();
  parts_.coordinator->Submit(core::DrainWorker{.id = *id, .by = ActorOf(*caller)},
                             [this, id = *id, reactor, response](const absl::StatusOr<core::Reply>& reply) {
                               if (!reply.ok()) return Finish(reactor, reply.status());
                               absl::StatusOr<v1::Worker> worker = parts_.board->GetWorker(id);
                               if (worker.ok()) *response->mutable_worker() = *std::move(worker);
                               Finish(reactor, worker.status());
                             });
  return reactor;
}

grpc::ServerWriteReactor<v1::QuerySqlResponse>* SweepService::QuerySql(Context* context,
                                                                       const v1::QuerySqlRequest* request) {
  auto* stream = new SqlStream(parts_, *request);
  const absl::Status status = CheckCall(parts_, *context, *request).status();
  if (status.ok()) {
    stream->Start();
  } else {
    stream->Finish(contract::ToGrpc(status));
  }
  return stream;
}

Reactor* SweepService::GetServerInfo(Context* context, const v1::GetServerInfoRequest* request,
                                     v1::GetServerInfoResponse* response) {
  const absl::Status status = CheckCall(parts_, *context, *request).status();
  if (!status.ok()) return FinishNow(context, status);
  Reactor* reactor = context->DefaultReactor();
  FinishOn(parts_.reads, reactor, [this, response] { return rpc::GetServerInfo(parts_, response); });
  return reactor;
}

}  // namespace basin::server::rpc
