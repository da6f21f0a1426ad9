#pragma once

#include "basin/v1/sweep_service.grpc.pb.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {

// The calls of people and programs. Thin, as WorkerService; what reads from the store is in sweep_reads and sql_stream.
class SweepService : public v1::SweepService::CallbackService {
 public:
  explicit SweepService(const Parts* parts) : parts_(*parts) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateSweep(Context*, const v1::CreateSweepRequest*, v1::CreateSweepResponse*) override;
  Reactor* GetSweep(Context*, const v1::GetSweepRequest*, v1::GetSweepResponse*) override;
  Reactor* ListSweeps(Context*, const v1::ListSweepsRequest*, v1::ListSweepsResponse*) override;
  Reactor* PauseSweep(Context*, const v1::PauseSweepRequest*, v1::PauseSweepResponse*) override;
  Reactor* ResumeSweep(Context*, const v1::ResumeSweepRequest*, v1::ResumeSweepResponse*) override;
  Reactor* CancelSweep(Context*, const v1::CancelSweepRequest*, v1::CancelSweepResponse*) override;
  Reactor* RetrySweep(Context*, const v1::RetrySweepRequest*, v1::RetrySweepResponse*) override;
  Reactor* DeleteSweep(Context*, const v1::DeleteSweepRequest*, v1::DeleteSweepResponse*) override;
  Reactor* ListTrials(Context*, const v1::ListTrialsRequest*, v1::ListTrialsResponse*) override;
  Reactor* ListMetricPoints(Context*, const v1::ListMetricPointsRequest*, v1::ListMetricPointsResponse*) override;
  Reactor* ListResults(Context*, const v1::ListResultsRequest*, v1::ListResultsResponse*) override;
  Reactor* ListArtifacts(Context*, const v1::ListArtifactsRequest*, v1::ListArtifactsResponse*) override;
  grpc::ServerWriteReactor<v1::DownloadArtifactResponse>* DownloadArtifact(Context*,
                                                                           const v1::DownloadArtifactRequest*) override;
  Reactor* VerifyTrial(Context*, const v1::VerifyTrialRequest*, v1::VerifyTrialResponse*) override;
  Reactor* ListWorkers(Context*, const v1::ListWorkersRequest*, v1::ListWorkersResponse*) override;
  Reactor* DrainWorker(Context*, const v1::DrainWorkerRequest*, v1::DrainWorkerResponse*) override;
  grpc::ServerWriteReactor<v1::QuerySqlResponse>* QuerySql(Context*, const v1::QuerySqlRequest*) override;
  Reactor* GetServerInfo(Context*, const v1::GetServerInfoRequest*, v1::GetServerInfoResponse*) override;

 private:
  // Answers after `read` on the pool of reads.
  template <typename Request, typename Response>
  Reactor* Read(Context* context, const Request* request, Response* response,
                absl::Status (*read)(const Parts&, const Request&, Response*));
  // Answers with the sweep that the command makes.
  void Create(core::CreateSweep command, Reactor* reactor, v1::Sweep* sweep);
  // Answers with the sweep as it is after the command; `on_reply` sees the reply.
  template <typename Command, typename Request, typename OnReply>
  Reactor* Change(Context* context, const Request* request, OnReply on_reply);

  const Parts& parts_;
};

}  // namespace basin::server::rpc
