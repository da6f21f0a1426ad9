#include "tests/server/rpc/test_server.h"

#include "google/protobuf/text_format.h"
#include "proto/contract/status.h"
#include "proto/contract/version.h"
#include "server/runtime/log.h"

namespace basin::server::rpc {

RpcTest::RpcTest(const ServerOptions& options) {
  runtime::StartLogging(runtime::LogFormat::kText, runtime::LogLevel::kOff);
  store_ = *store::SqliteStore::Open(dir_.path().string());
  queries_ = *store::SqliteQueries::Open(dir_.path().string(), [this] { return clock_.Read().mono; });
  artifacts_ = *store::ArtifactStore::Open(dir_.path().string(), {});
  server_ = *Server::Start(options, store_.get(), queries_.get(), artifacts_.get(), &clock_);
  sweeps_ = v1::SweepService::NewStub(NewChannel());
  workers_ = v1::WorkerService::NewStub(NewChannel());
}

std::shared_ptr<grpc::Channel> RpcTest::NewChannel() const {
  return grpc::CreateChannel(server_->address().ToString(), grpc::InsecureChannelCredentials());
}

v1::CreateSweepRequest RpcTest::DigitsRequest(const std::string& name, uint64_t seeds) {
  v1::CreateSweepRequest request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(objective { minimize: "val_loss" }
           base {
             train {
               dataset { name: "digits" }
               model { mlp { hidden: 32 } }
               epochs: 3
               learning_rate: 0.1
             }
           }
           domains {
             path: "train.batch_size"
             values {
               values { int_value: 16 }
               values { int_value: 32 }
             }
           })pb",
      request.mutable_spec()));
  request.mutable_spec()->set_name(name);
  request.mutable_spec()->mutable_seeds()->set_count(seeds);
  return request;
}

v1::Sweep RpcTest::Create(const std::string& name, uint64_t seeds) {
  const auto response = Call(*sweeps_, &v1::SweepService::Stub::CreateSweep, DigitsRequest(name, seeds));
  EXPECT_TRUE(response.ok()) << response.status();
  return response->sweep();
}

v1::Sweep RpcTest::Get(const std::string& sweep) {
  v1::GetSweepRequest request;
  request.set_sweep(sweep);
  const auto response = Call(*sweeps_, &v1::SweepService::Stub::GetSweep, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response->sweep();
}

std::string RpcTest::Register(const std::string& name, uint32_t slots) {
  v1::RegisterWorkerRequest request;
  request.set_name(name);
  request.set_protocol_version(contract::kProtocolVersion);
  request.set_engine_fingerprint("engine");
  request.set_slots(slots);
  request.set_threads_per_trial(1);
  v1::AvailableDataset* dataset = request.add_datasets();
  dataset->set_name("digits");
  dataset->set_digest("d1");
  const auto response = Call(*workers_, &v1::WorkerService::Stub::RegisterWorker, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response->worker_id();
}

std::vector<v1::LeasedTrial> RpcTest::Lease(const std::string& worker, uint32_t max_trials) {
  v1::LeaseTrialsRequest request;
  request.set_worker_id(worker);
  request.set_max_trials(max_trials);
  const auto response = Call(*workers_, &v1::WorkerService::Stub::LeaseTrials, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return {response->trials().begin(), response->trials().end()};
}

v1::TrialReport RpcTest::ReportOf(const v1::LeasedTrial& trial) {
  v1::TrialReport report;
  report.set_sweep_id(trial.sweep_id());
  report.set_index(trial.index());
  report.set_attempt(trial.attempt());
  return report;
}

v1::TrialReport RpcTest::Success(const v1::LeasedTrial& trial, double val_loss) {
  v1::TrialReport report = ReportOf(trial);
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    v1::MetricPoint* point = report.add_points();
    point->set_name("val_loss");
    point->set_step(epoch * 10);
    point->set_epoch(static_cast<double>(epoch));
    point->set_value(val_loss + static_cast<double>(3 - epoch));
  }
  report.mutable_outcome()->set_kind(v1::TrialOutcome::KIND_SUCCEEDED);
  report.mutable_outcome()->set_weights_digest("aa");
  return report;
}

v1::TrialReportResult RpcTest::Report(const std::string& worker, const v1::TrialReport& report) {
  v1::ReportRequest request;
  request.set_worker_id(worker);
  *request.add_trials() = report;
  const auto response = Call(*workers_, &v1::WorkerService::Stub::Report, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response->results(0);
}

void RpcTest::RunAll(const std::string& worker) {
  while (true) {
    const std::vector<v1::LeasedTrial> trials = Lease(worker, 4);
    if (trials.empty()) return;
    for (const v1::LeasedTrial& trial : trials) {
      EXPECT_EQ(Report(worker, Success(trial, 0.1 * static_cast<double>(trial.index() + 1))).code(), 0);
    }
  }
}

absl::Status FromGrpcStatus(const grpc::Status& status) { return contract::FromGrpc(status); }

testing::Matcher<const absl::Status&> IsViolationAt(const std::string& path) {
  return testing::AllOf(testing::ResultOf(
                            "code", [](const absl::Status& status) { return status.code(); },
                            testing::Eq(absl::StatusCode::kInvalidArgument)),
                        testing::ResultOf(
                            "paths",
                            [](const absl::Status& status) {
                              std::vector<std::string> paths;
                              for (const contract::Violation& violation : contract::ViolationsOf(status)) {
                                paths.push_back(violation.path);
                              }
                              return paths;
                            },
                            testing::ElementsAre(path)));
}

}  // namespace basin::server::rpc
