#include "tests/benchmark/coordinator/connection.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "proto/contract/channel.h"
#include "proto/contract/version.h"
#include "tests/benchmark/coordinator/sweeps.h"

namespace basin::benchmark {
namespace {

constexpr double kDeadlineSeconds = 60;

}  // namespace

void Fail(const std::string& why) {
  std::fprintf(stderr, "bench_coordinator: %s\n", why.c_str());
  std::_Exit(1);
}

void Expect(const grpc::Status& status, const char* call) {
  if (!status.ok()) Fail(absl::StrCat(call, ": ", status.error_message(), " (code ", status.error_code(), ")"));
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(contract::kMaxMessageBytes);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

WorkerConnection::WorkerConnection(const std::string& address, const std::string& name, uint32_t slots)
    : stub_(v1::WorkerService::NewStub(Connect(address))) {
  v1::RegisterWorkerRequest request;
  request.set_name(name);
  request.set_protocol_version(contract::kProtocolVersion);
  request.set_engine_fingerprint(kEngine);
  request.set_slots(slots);
  request.set_threads_per_trial(1);
  v1::AvailableDataset* dataset = request.add_datasets();
  dataset->set_name(kDataset);
  dataset->set_digest(kDataDigest);
  v1::RegisterWorkerResponse response;
  grpc::ClientContext context;
  contract::PrepareContext(&context, kDeadlineSeconds);
  Expect(stub_->RegisterWorker(&context, request, &response), "RegisterWorker");
  id_ = response.worker_id();
}

v1::LeaseTrialsRequest WorkerConnection::NewLeaseRequest(uint32_t most) {
  v1::LeaseTrialsRequest request;
  request.set_worker_id(id_);
  request.set_max_trials(most);
  request.mutable_wait()->set_seconds(10);
  request.set_request_id(absl::StrCat("lease-", ++leases_));
  return request;
}

std::vector<v1::LeasedTrial> WorkerConnection::Lease(uint32_t most) {
  v1::LeaseTrialsResponse response;
  grpc::ClientContext context;
  contract::PrepareContext(&context, kDeadlineSeconds);
  Expect(stub_->LeaseTrials(&context, NewLeaseRequest(most), &response), "LeaseTrials");
  if (response.trials().empty()) Fail("a worker got no trials");
  return {response.trials().begin(), response.trials().end()};
}

v1::ReportRequest WorkerConnection::NewReport() const {
  v1::ReportRequest request;
  request.set_worker_id(id_);
  return request;
}

void WorkerConnection::Report(const v1::ReportRequest& request) {
  v1::ReportResponse response;
  grpc::ClientContext context;
  contract::PrepareContext(&context, kDeadlineSeconds);
  Expect(stub_->Report(&context, request, &response), "Report");
  ExpectAccepted(response);
}

void ExpectAccepted(const v1::ReportResponse& response) {
  for (const v1::TrialReportResult& result : response.results()) {
    if (result.code() != 0) Fail(absl::StrCat("a report was refused: ", result.message()));
  }
}

v1::TrialReport* AddReport(const v1::LeasedTrial& trial, uint64_t first, uint64_t count, v1::ReportRequest* request) {
  v1::TrialReport* report = request->add_trials();
  report->set_sweep_id(trial.sweep_id());
  report->set_index(trial.index());
  report->set_attempt(trial.attempt());
  report->set_first_sequence(first);
  for (uint64_t i = first; i < first + count; ++i) {
    v1::MetricPoint* point = report->add_points();
    point->set_name("val_loss");
    point->set_step(100 * (i + 1));
    point->set_value(LossOf(trial.index(), i));
    point->set_epoch(static_cast<double>(i + 1));
    point->set_examples(3200 * (i + 1));
  }
  return report;
}

void SetSuccess(v1::TrialReport* report) {
  v1::TrialOutcome* outcome = report->mutable_outcome();
  outcome->set_kind(v1::TrialOutcome::KIND_SUCCEEDED);
  outcome->set_weights_digest(WeightsDigestOf(report->index()));
  outcome->set_data_digest(kDataDigest);
  outcome->set_engine_fingerprint(kEngine);
  outcome->mutable_duration()->set_seconds(1);
}

UserConnection::UserConnection(const std::string& address) : stub_(v1::SweepService::NewStub(Connect(address))) {}

std::string UserConnection::Submit(const v1::SweepSpec& spec) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = spec;
  v1::CreateSweepResponse response;
  grpc::ClientContext context;
  contract::PrepareContext(&context, kDeadlineSeconds);
  Expect(stub_->CreateSweep(&context, request, &response), "CreateSweep");
  return response.sweep().id();
}

}  // namespace basin::benchmark
