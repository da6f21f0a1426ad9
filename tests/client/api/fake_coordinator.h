#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "basin/v1/sweep_service.grpc.pb.h"
#include "grpcpp/server.h"

namespace basin::tests {

// A SweepService on a free port that answers from what a test gives it, in pages of two. Not a model of the real one:
// states do not change by themselves.
class FakeCoordinator : private v1::SweepService::Service {
 public:
  FakeCoordinator();
  ~FakeCoordinator() override;

  const std::string& address() const { return address_; }
  // Stops listening.
  void Stop();

  // What the calls answer; set before them.
  std::vector<v1::Sweep> sweeps;
  std::optional<v1::SweepState> created_state;  // Of a sweep as CreateSweep tells it, unlike what follows.
  std::vector<v1::Trial> trials;
  std::vector<v1::TrialPoint> points;
  std::vector<v1::Artifact> artifacts;
  std::string file;  // Of every artifact.
  std::vector<v1::Worker> workers;
  v1::ListResultsResponse results;
  std::vector<v1::QuerySqlResponse> sql;
  v1::GetServerInfoResponse info;

  // The next `times` calls are answered with this instead.
  void FailNext(grpc::StatusCode code, std::string message, int times = 1);
  // A GetSweep with a wait blocks until the caller goes.
  void HoldWaits() { hold_waits_ = true; }

  // What was asked.
  int calls() const;
  std::vector<v1::CreateSweepRequest> created() const;
  std::vector<v1::ListResultsRequest> results_requests() const;
  std::vector<std::string> steered() const;  // "pause k3f9", ...

 private:
  template <typename Item, typename Response>
  grpc::Status Page(const std::vector<Item>& items, const std::string& token, Response* response,
                    google::protobuf::RepeatedPtrField<Item>* out);
  // Counts the call; a failure that FailNext asked for.
  grpc::Status Begin();
  const v1::Sweep* Find(const std::string& id) const;
  grpc::Status Steer(const std::string& verb, const std::string& id, v1::SweepState state, v1::Sweep* sweep);

  grpc::Status CreateSweep(grpc::ServerContext*, const v1::CreateSweepRequest*, v1::CreateSweepResponse*) override;
  grpc::Status GetSweep(grpc::ServerContext*, const v1::GetSweepRequest*, v1::GetSweepResponse*) override;
  grpc::Status ListSweeps(grpc::ServerContext*, const v1::ListSweepsRequest*, v1::ListSweepsResponse*) override;
  grpc::Status PauseSweep(grpc::ServerContext*, const v1::PauseSweepRequest*, v1::PauseSweepResponse*) override;
  grpc::Status ResumeSweep(grpc::ServerContext*, const v1::ResumeSweepRequest*, v1::ResumeSweepResponse*) override;
  grpc::Status CancelSweep(grpc::ServerContext*, const v1::CancelSweepRequest*, v1::CancelSweepResponse*) override;
  grpc::Status RetrySweep(grpc::ServerContext*, const v1::RetrySweepRequest*, v1::RetrySweepResponse*) override;
  grpc::Status DeleteSweep(grpc::ServerContext*, const v1::DeleteSweepRequest*, v1::DeleteSweepResponse*) override;
  grpc::Status ListTrials(grpc::ServerContext*, const v1::ListTrialsRequest*, v1::ListTrialsResponse*) override;
  grpc::Status ListMetricPoints(grpc::ServerContext*, const v1::ListMetricPointsRequest*,
                                v1::ListMetricPointsResponse*) override;
  grpc::Status ListArtifacts(grpc::ServerContext*, const v1::ListArtifactsRequest*,
                             v1::ListArtifactsResponse*) override;
  grpc::Status DownloadArtifact(grpc::ServerContext*, const v1::DownloadArtifactRequest*,
                                grpc::ServerWriter<v1::DownloadArtifactResponse>*) override;
  grpc::Status ListResults(grpc::ServerContext*, const v1::ListResultsRequest*, v1::ListResultsResponse*) override;
  grpc::Status ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*, v1::ListWorkersResponse*) override;
  grpc::Status DrainWorker(grpc::ServerContext*, const v1::DrainWorkerRequest*, v1::DrainWorkerResponse*) override;
  grpc::Status QuerySql(grpc::ServerContext*, const v1::QuerySqlRequest*,
                        grpc::ServerWriter<v1::QuerySqlResponse>*) override;
  grpc::Status GetServerInfo(grpc::ServerContext*, const v1::GetServerInfoRequest*,
                             v1::GetServerInfoResponse*) override;

  mutable std::mutex mutex_;
  int calls_ = 0;
  int failures_ = 0;
  bool hold_waits_ = false;
  grpc::Status failure_;
  std::vector<v1::CreateSweepRequest> created_;
  std::vector<v1::ListResultsRequest> results_requests_;
  std::vector<std::string> steered_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace basin::tests
