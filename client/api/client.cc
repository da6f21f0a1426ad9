#include "client/api/client.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <utility>

#include "client/api/retry.h"
#include "proto/contract/channel.h"
#include "proto/contract/status.h"
#include "proto/contract/tls_probe.h"

namespace basin::client::api {
namespace {

constexpr uint32_t kPageSize = 1000;

google::protobuf::Duration ToDuration(double seconds) {
  google::protobuf::Duration duration;
  duration.set_seconds(static_cast<int64_t>(seconds));
  duration.set_nanos(static_cast<int32_t>((seconds - std::floor(seconds)) * 1e9));
  return duration;
}

double RandomFraction() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

// The sweep of an answer that has one.
template <typename Response>
absl::StatusOr<v1::Sweep> SweepOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_sweep());
}

// gRPC's words for a connection that failed are long; the cause stands last.
std::string Cause(const std::string& message) {
  for (const char* known : {"Connection refused", "Name or service not known", "No route to host",
                            "Network is unreachable", "Connection reset", "Domain name not found", "Socket closed"}) {
    if (message.find(known) != std::string::npos) return known;
  }
  if (message.find("DNS resolution failed") != std::string::npos) return "the host name is not known";
  return message;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& address,
                                                           const contract::CredentialFiles& files) {
  auto channel = contract::CreateChannel(address, files);
  if (channel.ok() || absl::IsUnauthenticated(channel.status())) return channel;
  return absl::InvalidArgumentError(channel.status().message());
}

}  // namespace

Client::Client(std::string address, ClientOptions options)
    : address_(std::move(address)),
      options_(options),
      opened_(OpenChannel(address_, options_.credentials)),
      channel_(opened_.ok() ? *opened_ : contract::CreateChannel(address_)),
      stub_(v1::SweepService::NewStub(channel_)) {}

void Client::Interrupt() {
  std::lock_guard<std::mutex> lock(mutex_);
  interrupted_ = true;
  for (grpc::ClientContext* context : running_) context->TryCancel();
  interrupt_.notify_all();
}

absl::Status Client::InvokeOnce(double deadline_seconds, const Try& attempt) {
  if (!opened_.ok()) return opened_.status();
  grpc::ClientContext context;
  contract::PrepareContext(&context, deadline_seconds);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (interrupted_) return absl::CancelledError("interrupted");
    running_.push_back(&context);
  }
  const grpc::Status status = attempt(&context);
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase(running_, &context);
  if (interrupted_ && !status.ok()) return absl::CancelledError("interrupted");
  // Only a deadline can pass without an answer from a host that swallows packets.
  const bool silent = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && !answered_ &&
                      channel_->GetState(false) != GRPC_CHANNEL_READY;
  if (silent) return absl::UnavailableError("no answer");
  // Nobody here cancelled: the server stops, and does not wait for this call.
  if (status.error_code() == grpc::StatusCode::CANCELLED) return absl::UnavailableError("the server stops");
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) answered_ = true;
  return contract::FromGrpc(status);
}

absl::Status Client::Invoke(double deadline_seconds, const Try& attempt, const std::function<bool()>& may_repeat) {
  std::optional<Backoff> backoff;
  while (true) {
    const absl::Status status = InvokeOnce(deadline_seconds, attempt);
    if (status.code() != absl::StatusCode::kUnavailable) return status;
    if (!backoff) {
      std::lock_guard<std::mutex> lock(mutex_);
      backoff.emplace(answered_ ? options_.patience_seconds : options_.first_patience_seconds, RandomFraction);
    }
    const double wait = backoff->Next();
    if (wait < 0 || (may_repeat && !may_repeat())) return Unreachable(status);
    if (!SleepUnlessInterrupted(wait)) return absl::CancelledError("interrupted");
  }
}

bool Client::SleepUnlessInterrupted(double seconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !interrupt_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return interrupted_; });
}

absl::Status Client::Unreachable(const absl::Status& status) {
  const absl::Status explained = contract::ExplainUnavailable(address_, options_.credentials);
  if (!explained.ok()) return explained;
  return absl::UnavailableError(
      "no basin server answers at " + address_ + " (" + Cause(std::string(status.message())) +
      "); start one with `basin up`, or name another with --server HOST:PORT or BASIN_SERVER");
}

template <typename Request, typename Response>
absl::StatusOr<Response> Client::Unary(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*,
                                                                                      const Request&, Response*),
                                       const Request& request, double deadline_seconds) {
  Response response;
  const absl::Status status = Invoke(deadline_seconds, [&](grpc::ClientContext* context) {
    return (stub_.get()->*method)(context, request, &response);
  });
  if (!status.ok()) return status;
  return response;
}

template <typename Item, typename Request, typename Response>
Pager<Item> Client::Pages(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                         Response*),
                          Request request, google::protobuf::RepeatedPtrField<Item>* (Response::*items)()) {
  using Page = typename Pager<Item>::Page;
  request.set_page_size(kPageSize);
  return Pager<Item>([this, method, items, request](const std::string& token) mutable -> absl::StatusOr<Page> {
    request.set_page_token(token);
    auto response = Unary(method, request, options_.deadline_seconds);
    if (!response.ok()) return response.status();
    auto* list = (&*response->*items)();
    return Page{{std::make_move_iterator(list->begin()), std::make_move_iterator(list->end())},
                response->next_page_token()};
  });
}

absl::StatusOr<v1::Sweep> Client::CreateSweep(const v1::SweepSpec& spec, const std::string& request_id) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = spec;
  request.set_request_id(request_id);
  return SweepOf(Unary(&v1::SweepService::Stub::CreateSweep, request, options_.deadline_seconds));
}

absl::Status Client::ValidateSweep(const v1::SweepSpec& spec) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = spec;
  request.set_validate_only(true);
  return Unary(&v1::SweepService::Stub::CreateSweep, request, options_.deadline_seconds).status();
}

absl::StatusOr<v1::Sweep> Client::GetSweep(const std::string& sweep) { return WaitForSweep(sweep, 0, 0); }

absl::StatusOr<v1::Sweep> Client::WaitForSweep(const std::string& sweep, uint64_t known_revision, double wait_seconds) {
  v1::GetSweepRequest request;
  request.set_sweep(sweep);
  if (wait_seconds > 0) {
    request.set_known_revision(known_revision);
    *request.mutable_wait() = ToDuration(std::min(wait_seconds, 60.0));
  }
  return SweepOf(Unary(&v1::SweepService::Stub::GetSweep, request, options_.deadline_seconds + wait_seconds));
}

absl::StatusOr<v1::Sweep> Client::PauseSweep(const std::string& sweep) {
  v1::PauseSweepRequest request;
  request.set_sweep(sweep);
  return SweepOf(Unary(&v1::SweepService::Stub::PauseSweep, request, options_.deadline_seconds));
}

absl::StatusOr<v1::Sweep> Client::ResumeSweep(const std::string& sweep) {
  v1::ResumeSweepRequest request;
  request.set_sweep(sweep);
  return SweepOf(Unary(&v1::SweepService::Stub::ResumeSweep, request, options_.deadline_seconds));
}

absl::StatusOr<v1::Sweep> Client::CancelSweep(const std::string& sweep) {
  v1::CancelSweepRequest request;
  request.set_sweep(sweep);
  return SweepOf(Unary(&v1::SweepService::Stub::CancelSweep, request, options_.deadline_seconds));
}

absl::StatusOr<v1::RetrySweepResponse> Client::RetrySweep(const std::string& sweep) {
  v1::RetrySweepRequest request;
  request.set_sweep(sweep);
  return Unary(&v1::SweepService::Stub::RetrySweep, request, options_.deadline_seconds);
}

absl::Status Client::DeleteSweep(const std::string& sweep) {
  v1::DeleteSweepRequest request;
  request.set_sweep(sweep);
  v1::DeleteSweepResponse response;
  int tries = 0;
  const absl::Status status = Invoke(options_.deadline_seconds, [&](grpc::ClientContext* context) {
    ++tries;
    return stub_->DeleteSweep(context, request, &response);
  });
  // An earlier try whose answer was lost has deleted it.
  if (tries > 1 && absl::IsNotFound(status)) return absl::OkStatus();
  return status;
}

absl::StatusOr<v1::Sweep> Client::VerifyTrial(const std::string& sweep, uint64_t trial, const std::string& request_id) {
  v1::VerifyTrialRequest request;
  request.set_sweep(sweep);
  request.set_trial(trial);
  request.set_request_id(request_id);
  return SweepOf(Unary(&v1::SweepService::Stub::VerifyTrial, request, options_.deadline_seconds));
}

absl::StatusOr<v1::ListResultsResponse> Client::Results(const v1::ListResultsRequest& request) {
  return Unary(&v1::SweepService::Stub::ListResults, request, 2 * options_.deadline_seconds);
}

absl::StatusOr<v1::Worker> Client::DrainWorker(const std::string& worker) {
  v1::DrainWorkerRequest request;
  request.set_worker(worker);
  auto response = Unary(&v1::SweepService::Stub::DrainWorker, request, options_.deadline_seconds);
  if (!response.ok()) return response.status();
  return std::move(*response->mutable_worker());
}

absl::StatusOr<v1::GetServerInfoResponse> Client::ServerInfo() {
  return Unary(&v1::SweepService::Stub::GetServerInfo, v1::GetServerInfoRequest(), options_.deadline_seconds);
}

Pager<v1::Sweep> Client::Sweeps(std::vector<v1::SweepState> states) {
  v1::ListSweepsRequest request;
  for (const v1::SweepState state : states) request.add_states(state);
  return Pages<v1::Sweep>(&v1::SweepService::Stub::ListSweeps, std::move(request),
                          &v1::ListSweepsResponse::mutable_sweeps);
}

Pager<v1::Trial> Client::Trials(const std::string& sweep, std::vector<v1::TrialState> states) {
  v1::ListTrialsRequest request;
  request.set_sweep(sweep);
  for (const v1::TrialState state : states) request.add_states(state);
  return Pages<v1::Trial>(&v1::SweepService::Stub::ListTrials, std::move(request),
                          &v1::ListTrialsResponse::mutable_trials);
}

absl::StatusOr<v1::Trial> Client::Trial(const std::string& sweep, uint64_t index) {
  std::optional<v1::Trial> trial;
  const auto add = [&](const v1::SqlRow& row) {
    trial.emplace().set_sweep_id(sweep);
    trial->set_index(index);
    v1::TrialState state = v1::TRIAL_STATE_UNSPECIFIED;
    v1::TrialState_Parse("TRIAL_STATE_" + row.cells(0).text(), &state);
    trial->set_state(state);
    trial->set_worker(row.cells(1).text());
    trial->set_message(row.cells(2).text());
    trial->set_weights_digest(row.cells(3).text());
    trial->set_data_digest(row.cells(4).text());
    trial->set_engine_fingerprint(row.cells(5).text());
    if (row.cells(6).has_real()) {
      const double seconds = row.cells(6).real();
      trial->mutable_duration()->set_seconds(static_cast<int64_t>(seconds));
      trial->mutable_duration()->set_nanos(static_cast<int32_t>((seconds - std::floor(seconds)) * 1e9));
    }
  };
  const absl::StatusOr<bool> read = QuerySql(
      "SELECT state, worker, message, weights_digest, data_digest, engine_fingerprint, duration FROM trials WHERE "
      "sweep = '" +
          sweep + "' AND trial = " + std::to_string(index),
      1, {.columns = [](const std::vector<std::string>&) {}, .row = add});
  if (!read.ok()) return read.status();
  if (!trial) return absl::NotFoundError("no trial " + sweep + "/" + std::to_string(index) + " has begun");
  return *trial;
}

Pager<v1::TrialPoint> Client::Points(const std::string& sweep, std::optional<uint64_t> trial,
                                     const std::string& metric) {
  v1::ListMetricPointsRequest request;
  request.set_sweep(sweep);
  if (trial) request.set_trial(*trial);
  request.set_metric(metric);
  return Pages<v1::TrialPoint>(&v1::SweepService::Stub::ListMetricPoints, std::move(request),
                               &v1::ListMetricPointsResponse::mutable_points);
}

Pager<v1::Artifact> Client::Artifacts(const std::string& sweep, std::optional<uint64_t> trial) {
  v1::ListArtifactsRequest request;
  request.set_sweep(sweep);
  if (trial) request.set_trial(*trial);
  return Pages<v1::Artifact>(&v1::SweepService::Stub::ListArtifacts, std::move(request),
                             &v1::ListArtifactsResponse::mutable_artifacts);
}

absl::Status Client::DownloadArtifact(const v1::Artifact& artifact,
                                      const std::function<void(const std::string&)>& sink) {
  constexpr double kSlowestBytesPerSecond = 1 << 20;
  v1::DownloadArtifactRequest request;
  request.set_sweep(artifact.sweep_id());
  request.set_trial(artifact.trial());
  request.set_name(artifact.name());
  bool begun = false;
  return Invoke(
      options_.deadline_seconds + static_cast<double>(artifact.bytes()) / kSlowestBytesPerSecond,
      [&](grpc::ClientContext* context) {
        const auto reader = stub_->DownloadArtifact(context, request);
        v1::DownloadArtifactResponse response;
        while (reader->Read(&response)) {
          begun = true;
          sink(response.data());
        }
        return reader->Finish();
      },
      [&] { return !begun; });
}

Pager<v1::Worker> Client::Workers() {
  return Pages<v1::Worker>(&v1::SweepService::Stub::ListWorkers, v1::ListWorkersRequest(),
                           &v1::ListWorkersResponse::mutable_workers);
}

absl::StatusOr<bool> Client::QuerySql(const std::string& sql, uint64_t max_rows, const SqlSink& sink) {
  v1::QuerySqlRequest request;
  request.set_sql(sql);
  request.set_max_rows(max_rows);
  bool begun = false, truncated = false;
  const absl::Status status = Invoke(
      2 * options_.deadline_seconds,
      [&](grpc::ClientContext* context) {
        const auto reader = stub_->QuerySql(context, request);
        v1::QuerySqlResponse response;
        while (reader->Read(&response)) {
          if (!begun) sink.columns({response.columns().begin(), response.columns().end()});
          begun = true;
          for (const v1::SqlRow& row : response.rows()) sink.row(row);
          truncated = truncated || response.truncated();
        }
        return reader->Finish();
      },
      [&] { return !begun; });
  if (!status.ok()) return status;
  return truncated;
}

}  // namespace basin::client::api
