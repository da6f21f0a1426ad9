#include "worker/agent/grpc_coordinator_client.h"

#include <utility>

#include "proto/contract/channel.h"
#include "proto/contract/digest.h"
#include "proto/contract/status.h"

namespace basin::worker::agent {
namespace {

// One unary call: a fresh context, a deadline, and the answer or why there is none.
template <typename Response, typename Method, typename Request>
absl::StatusOr<Response> Call(v1::WorkerService::Stub& stub, Method method, grpc::ClientContext& context,
                              const Request& request, MonoTime deadline) {
  contract::PrepareContext(&context, std::chrono::duration<double>(deadline).count());
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return contract::FromGrpc(status);
  return response;
}

// A file: its header, its bytes in pieces, its digest.
template <typename Request, typename Response, typename Method, typename Header>
absl::Status Upload(v1::WorkerService::Stub& stub, Method method, const Header& header, std::string_view bytes,
                    MonoTime deadline) {
  constexpr size_t kPieceBytes = size_t{256} << 10;
  grpc::ClientContext context;
  contract::PrepareContext(&context, std::chrono::duration<double>(deadline).count());
  Response response;
  const auto stream = (stub.*method)(&context, &response);
  Request request;
  *request.mutable_header() = header;
  bool open = stream->Write(request);
  for (size_t begin = 0; open && begin < bytes.size(); begin += kPieceBytes) {
    const std::string_view piece = bytes.substr(begin, kPieceBytes);
    request.set_data(piece.data(), piece.size());
    open = stream->Write(request);
  }
  if (open) {
    request.set_sha256(contract::Sha256Hex(bytes));
    stream->WriteLast(request, grpc::WriteOptions());
  }
  return contract::FromGrpc(stream->Finish());
}

// A file's bytes.
template <typename Response, typename Method, typename Request>
absl::StatusOr<std::string> Download(v1::WorkerService::Stub& stub, Method method, grpc::ClientContext& context,
                                     const Request& request, MonoTime deadline) {
  contract::PrepareContext(&context, std::chrono::duration<double>(deadline).count());
  const auto stream = (stub.*method)(&context, request);
  Response response;
  std::string bytes;
  while (stream->Read(&response)) bytes += response.data();
  if (const absl::Status status = contract::FromGrpc(stream->Finish()); !status.ok()) return status;
  return bytes;
}

}  // namespace

template <typename Call>
auto GrpcCoordinatorClient::Cancellable::Run(const Call& call) -> decltype(call(std::declval<grpc::ClientContext&>())) {
  grpc::ClientContext context;
  {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return absl::CancelledError("the worker leaves");
    under_way_.insert(&context);
  }
  // A context that was cancelled before its call begins ends that call at once.
  auto answer = call(context);
  const std::lock_guard lock(mutex_);
  under_way_.erase(&context);
  return answer;
}

void GrpcCoordinatorClient::Cancellable::CancelAll() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : under_way_) context->TryCancel();
}

GrpcCoordinatorClient::GrpcCoordinatorClient(const std::shared_ptr<grpc::Channel>& channel,
                                             std::function<absl::Status()> explain)
    : stub_(v1::WorkerService::NewStub(channel)), explain_(std::move(explain)) {}

absl::StatusOr<v1::RegisterWorkerResponse> GrpcCoordinatorClient::Register(const v1::RegisterWorkerRequest& request,
                                                                           MonoTime deadline) {
  grpc::ClientContext context;
  auto response =
      Call<v1::RegisterWorkerResponse>(*stub_, &v1::WorkerService::Stub::RegisterWorker, context, request, deadline);
  if (explain_ != nullptr && absl::IsUnavailable(response.status())) {
    const absl::Status reason = explain_();
    if (!reason.ok()) return reason;
  }
  return response;
}

absl::StatusOr<v1::LeaseTrialsResponse> GrpcCoordinatorClient::Lease(const v1::LeaseTrialsRequest& request,
                                                                     MonoTime deadline) {
  return leases_.Run([&](grpc::ClientContext& context) {
    return Call<v1::LeaseTrialsResponse>(*stub_, &v1::WorkerService::Stub::LeaseTrials, context, request, deadline);
  });
}

absl::StatusOr<v1::ReportResponse> GrpcCoordinatorClient::Report(const v1::ReportRequest& request, MonoTime deadline) {
  grpc::ClientContext context;
  return Call<v1::ReportResponse>(*stub_, &v1::WorkerService::Stub::Report, context, request, deadline);
}

absl::Status GrpcCoordinatorClient::UploadCheckpoint(const v1::CheckpointHeader& header, std::string_view bytes,
                                                     MonoTime deadline) {
  return Upload<v1::UploadCheckpointRequest, v1::UploadCheckpointResponse>(
      *stub_, &v1::WorkerService::Stub::UploadCheckpoint, header, bytes, deadline);
}

absl::Status GrpcCoordinatorClient::UploadWeights(const v1::WeightsHeader& header, std::string_view bytes,
                                                  MonoTime deadline) {
  return Upload<v1::UploadWeightsRequest, v1::UploadWeightsResponse>(*stub_, &v1::WorkerService::Stub::UploadWeights,
                                                                     header, bytes, deadline);
}

absl::StatusOr<std::string> GrpcCoordinatorClient::DownloadCheckpoint(const v1::DownloadCheckpointRequest& request,
                                                                      MonoTime deadline) {
  absl::StatusOr<std::string> bytes = downloads_.Run([&](grpc::ClientContext& context) {
    return Download<v1::DownloadCheckpointResponse>(*stub_, &v1::WorkerService::Stub::DownloadCheckpoint, context,
                                                    request, deadline);
  });
  if (bytes.ok() && contract::Sha256Hex(*bytes) != request.sha256()) {
    return absl::DataLossError("the bytes that came are not those of the checkpoint's digest");
  }
  return bytes;
}

absl::StatusOr<std::string> GrpcCoordinatorClient::DownloadWeights(const v1::DownloadWeightsRequest& request,
                                                                   MonoTime deadline) {
  return downloads_.Run([&](grpc::ClientContext& context) {
    return Download<v1::DownloadWeightsResponse>(*stub_, &v1::WorkerService::Stub::DownloadWeights, context, request,
                                                 deadline);
  });
}

absl::StatusOr<v1::RejectCheckpointResponse> GrpcCoordinatorClient::RejectCheckpoint(
    const v1::RejectCheckpointRequest& request, MonoTime deadline) {
  grpc::ClientContext context;
  return Call<v1::RejectCheckpointResponse>(*stub_, &v1::WorkerService::Stub::RejectCheckpoint, context, request,
                                            deadline);
}

absl::Status GrpcCoordinatorClient::Unregister(const v1::UnregisterWorkerRequest& request, MonoTime deadline) {
  grpc::ClientContext context;
  return Call<v1::UnregisterWorkerResponse>(*stub_, &v1::WorkerService::Stub::UnregisterWorker, context, request,
                                            deadline)
      .status();
}

void GrpcCoordinatorClient::CancelLeases() { leases_.CancelAll(); }

void GrpcCoordinatorClient::CancelDownloads() { downloads_.CancelAll(); }

}  // namespace basin::worker::agent
