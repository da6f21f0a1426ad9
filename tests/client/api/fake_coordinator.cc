#include "tests/client/api/fake_coordinator.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"

namespace basin::tests {
namespace {

constexpr size_t kPage = 2;

}  // namespace

FakeCoordinator::FakeCoordinator() {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeCoordinator::~FakeCoordinator() { Stop(); }

void FakeCoordinator::Stop() {
  if (server_) server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

void FakeCoordinator::FailNext(grpc::StatusCode code, std::string message, int times) {
  std::lock_guard<std::mutex> lock(mutex_);
  failure_ = grpc::Status(code, std::move(message));
  failures_ = times;
}

int FakeCoordinator::calls() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return calls_;
}
std::vector<v1::CreateSweepRequest> FakeCoordinator::created() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return created_;
}
std::vector<v1::ListResultsRequest> FakeCoordinator::results_requests() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return results_requests_;
}
std::vector<std::string> FakeCoordinator::steered() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return steered_;
}

grpc::Status FakeCoordinator::Begin() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++calls_;
  if (failures_ == 0) return grpc::Status::OK;
  --failures_;
  return failure_;
}

const v1::Sweep* FakeCoordinator::Find(const std::string& id) const {
  for (const v1::Sweep& sweep : sweeps) {
    if (sweep.id() == id || sweep.name() == id) return &sweep;
  }
  return nullptr;
}

template <typename Item, typename Response>
grpc::Status FakeCoordinator::Page(const std::vector<Item>& items, const std::string& token, Response* response,
                                   google::protobuf::RepeatedPtrField<Item>* out) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  const size_t begin = token.empty() ? 0 : std::stoul(token);
  const size_t end = std::min(items.size(), begin + kPage);
  for (size_t i = begin; i < end; ++i) *out->Add() = items[i];
  if (end < items.size()) response->set_next_page_token(std::to_string(end));
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::Steer(const std::string& verb, const std::string& id, v1::SweepState state,
                                    v1::Sweep* sweep) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  const v1::Sweep* found = Find(id);
  if (found == nullptr) return {grpc::StatusCode::NOT_FOUND, "no sweep " + id};
  std::lock_guard<std::mutex> lock(mutex_);
  steered_.push_back(verb + " " + id);
  *sweep = *found;
  sweep->set_state(state);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::CreateSweep(grpc::ServerContext*, const v1::CreateSweepRequest* request,
                                          v1::CreateSweepResponse* response) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    created_.push_back(*request);
  }
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  *response->mutable_sweep() = sweeps.at(0);
  if (created_state) response->mutable_sweep()->set_state(*created_state);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetSweep(grpc::ServerContext* context, const v1::GetSweepRequest* request,
                                       v1::GetSweepResponse* response) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  while (hold_waits_ && request->has_wait() && !context->IsCancelled()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  const v1::Sweep* sweep = Find(request->sweep());
  if (sweep == nullptr) return {grpc::StatusCode::NOT_FOUND, "no sweep " + request->sweep()};
  *response->mutable_sweep() = *sweep;
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest* request,
                                         v1::ListSweepsResponse* response) {
  return Page(sweeps, request->page_token(), response, response->mutable_sweeps());
}

grpc::Status FakeCoordinator::PauseSweep(grpc::ServerContext*, const v1::PauseSweepRequest* request,
                                         v1::PauseSweepResponse* response) {
  return Steer("pause", request->sweep(), v1::SWEEP_STATE_PAUSED, response->mutable_sweep());
}

grpc::Status FakeCoordinator::ResumeSweep(grpc::ServerContext*, const v1::ResumeSweepRequest* request,
                                          v1::ResumeSweepResponse* response) {
  return Steer("resume", request->sweep(), v1::SWEEP_STATE_RUNNING, response->mutable_sweep());
}

grpc::Status FakeCoordinator::CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest* request,
                                          v1::CancelSweepResponse* response) {
  return Steer("cancel", request->sweep(), v1::SWEEP_STATE_CANCELLED, response->mutable_sweep());
}

grpc::Status FakeCoordinator::RetrySweep(grpc::ServerContext*, const v1::RetrySweepRequest* request,
                                         v1::RetrySweepResponse* response) {
  response->set_requeued(2);
  return Steer("retry", request->sweep(), v1::SWEEP_STATE_RUNNING, response->mutable_sweep());
}

grpc::Status FakeCoordinator::DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest* request,
                                          v1::DeleteSweepResponse*) {
  v1::Sweep unused;
  return Steer("rm", request->sweep(), v1::SWEEP_STATE_FINISHED, &unused);
}

grpc::Status FakeCoordinator::ListTrials(grpc::ServerContext*, const v1::ListTrialsRequest* request,
                                         v1::ListTrialsResponse* response) {
  std::vector<v1::Trial> wanted;
  for (const v1::Trial& trial : trials) {
    const auto& states = request->states();
    if (states.empty() || std::find(states.begin(), states.end(), trial.state()) != states.end()) {
      wanted.push_back(trial);
    }
  }
  return Page(wanted, request->page_token(), response, response->mutable_trials());
}

grpc::Status FakeCoordinator::ListMetricPoints(grpc::ServerContext*, const v1::ListMetricPointsRequest* request,
                                               v1::ListMetricPointsResponse* response) {
  std::vector<v1::TrialPoint> wanted;
  for (const v1::TrialPoint& point : points) {
    if (request->has_trial() && point.trial() != request->trial()) continue;
    if (request->metric().empty() || point.point().name() == request->metric()) wanted.push_back(point);
  }
  return Page(wanted, request->page_token(), response, response->mutable_points());
}

grpc::Status FakeCoordinator::ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest* request,
                                            v1::ListArtifactsResponse* response) {
  std::vector<v1::Artifact> wanted;
  for (const v1::Artifact& artifact : artifacts) {
    if (!request->has_trial() || artifact.trial() == request->trial()) wanted.push_back(artifact);
  }
  return Page(wanted, request->page_token(), response, response->mutable_artifacts());
}

grpc::Status FakeCoordinator::DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest*,
                                               grpc::ServerWriter<v1::DownloadArtifactResponse>* writer) {
  v1::DownloadArtifactResponse response;
  for (const char byte : file) {
    response.set_data(std::string(1, byte));
    writer->Write(response);
  }
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::ListResults(grpc::ServerContext*, const v1::ListResultsRequest* request,
                                          v1::ListResultsResponse* response) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    results_requests_.push_back(*request);
  }
  *response->mutable_objective() = results.objective();
  *response->mutable_param_paths() = results.param_paths();
  response->set_total_rows(static_cast<uint64_t>(results.results_size()));
  return Page({results.results().begin(), results.results().end()}, request->page_token(), response,
              response->mutable_results());
}

grpc::Status FakeCoordinator::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest* request,
                                          v1::ListWorkersResponse* response) {
  return Page(workers, request->page_token(), response, response->mutable_workers());
}

grpc::Status FakeCoordinator::DrainWorker(grpc::ServerContext*, const v1::DrainWorkerRequest* request,
                                          v1::DrainWorkerResponse* response) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  for (const v1::Worker& worker : workers) {
    if (worker.name() != request->worker()) continue;
    *response->mutable_worker() = worker;
    response->mutable_worker()->set_state(v1::WORKER_STATE_DRAINING);
    return grpc::Status::OK;
  }
  return {grpc::StatusCode::NOT_FOUND, "no worker " + request->worker()};
}

grpc::Status FakeCoordinator::QuerySql(grpc::ServerContext*, const v1::QuerySqlRequest*,
                                       grpc::ServerWriter<v1::QuerySqlResponse>* writer) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  for (const v1::QuerySqlResponse& response : sql) writer->Write(response);
  return grpc::Status::OK;
}

grpc::Status FakeCoordinator::GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                                            v1::GetServerInfoResponse* response) {
  const grpc::Status status = Begin();
  if (!status.ok()) return status;
  *response = info;
  return grpc::Status::OK;
}

}  // namespace basin::tests
