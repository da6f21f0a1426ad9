#include "tests/cluster/sweeps.h"

#include <algorithm>

#include "google/protobuf/text_format.h"
#include "grpcpp/client_context.h"
#include "gtest/gtest.h"
#include "proto/contract/channel.h"
#include "tests/support/eventually.h"

namespace basin::tests {
namespace {

constexpr char kDigitsSweep[] = R"(
  name: "digits"
  objective { minimize: "val_loss" }
  base {
    train {
      dataset { name: "digits" }
      model { mlp { hidden: [64, 64] } }
      learning_rate: 0.05
      optimizer { sgd { momentum: 0.9 } }
    }
  }
  domains {
    path: "train.batch_size"
    values { values { int_value: 16 } values { int_value: 32 } }
  }
  domains {
    path: "train.schedule"
    choice {
      options { partial { train { schedule { constant {} } } } }
      options { partial { train { schedule { cosine {} } } } }
    }
  })";

// Pages through a list.
template <typename Request, typename Response, typename Item, typename Method>
std::vector<Item> All(v1::SweepService::Stub& stub, Request request, Method method,
                      const google::protobuf::RepeatedPtrField<Item>& (Response::*items)() const) {
  std::vector<Item> all;
  request.set_page_size(1000);
  do {
    grpc::ClientContext context;
    contract::PrepareContext(&context, 30 * Slowness());
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) break;
    for (const Item& item : (response.*items)()) all.push_back(item);
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

template <typename Response, typename Method, typename Request>
Response Call(v1::SweepService::Stub& stub, Method method, const Request& request) {
  grpc::ClientContext context;
  contract::PrepareContext(&context, 30 * Slowness());
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

}  // namespace

v1::SweepSpec DigitsSweep(uint32_t seeds, uint32_t epochs) {
  v1::SweepSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kDigitsSweep, &spec));
  spec.mutable_seeds()->set_count(seeds);
  spec.mutable_base()->mutable_train()->set_epochs(epochs);
  return spec;
}

SweepClient::SweepClient(const std::string& address)
    : stub_(v1::SweepService::NewStub(contract::CreateChannel(address))) {
  EXPECT_TRUE(Eventually([this] {
    grpc::ClientContext context;
    contract::PrepareContext(&context, 5);
    v1::GetServerInfoResponse response;
    return stub_->GetServerInfo(&context, {}, &response).ok();
  })) << "no server at "
      << address;
}

std::string SweepClient::Create(const v1::SweepSpec& spec) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = spec;
  return Call<v1::CreateSweepResponse>(*stub_, &v1::SweepService::Stub::CreateSweep, request).sweep().id();
}

v1::Sweep SweepClient::Get(const std::string& sweep) {
  v1::GetSweepRequest request;
  request.set_sweep(sweep);
  return Call<v1::GetSweepResponse>(*stub_, &v1::SweepService::Stub::GetSweep, request).sweep();
}

std::string SweepClient::Verify(const std::string& sweep, uint64_t trial) {
  v1::VerifyTrialRequest request;
  request.set_sweep(sweep);
  request.set_trial(trial);
  return Call<v1::VerifyTrialResponse>(*stub_, &v1::SweepService::Stub::VerifyTrial, request).sweep().id();
}

void SweepClient::Cancel(const std::string& sweep) {
  v1::CancelSweepRequest request;
  request.set_sweep(sweep);
  Call<v1::CancelSweepResponse>(*stub_, &v1::SweepService::Stub::CancelSweep, request);
}

void SweepClient::DrainWorker(const std::string& name) {
  v1::DrainWorkerRequest request;
  request.set_worker(name);
  Call<v1::DrainWorkerResponse>(*stub_, &v1::SweepService::Stub::DrainWorker, request);
}

std::vector<v1::Trial> SweepClient::Trials(const std::string& sweep) {
  v1::ListTrialsRequest request;
  request.set_sweep(sweep);
  return All<v1::ListTrialsRequest, v1::ListTrialsResponse, v1::Trial>(
      *stub_, request, &v1::SweepService::Stub::ListTrials, &v1::ListTrialsResponse::trials);
}

std::vector<v1::TrialPoint> SweepClient::Points(const std::string& sweep) {
  v1::ListMetricPointsRequest request;
  request.set_sweep(sweep);
  return All<v1::ListMetricPointsRequest, v1::ListMetricPointsResponse, v1::TrialPoint>(
      *stub_, request, &v1::SweepService::Stub::ListMetricPoints, &v1::ListMetricPointsResponse::points);
}

std::vector<v1::ResultRow> SweepClient::Results(const std::string& sweep) {
  v1::ListResultsRequest request;
  request.set_sweep(sweep);
  return All<v1::ListResultsRequest, v1::ListResultsResponse, v1::ResultRow>(
      *stub_, request, &v1::SweepService::Stub::ListResults, &v1::ListResultsResponse::results);
}

std::vector<v1::Worker> SweepClient::Workers() {
  return All<v1::ListWorkersRequest, v1::ListWorkersResponse, v1::Worker>(
      *stub_, {}, &v1::SweepService::Stub::ListWorkers, &v1::ListWorkersResponse::workers);
}

bool SweepClient::Await(const std::string& sweep, const std::function<bool(const v1::Sweep&)>& condition) {
  return Eventually([&] { return condition(Get(sweep)); }, std::chrono::seconds(180));
}

bool SweepClient::AwaitFinished(const std::string& sweep) {
  return Await(sweep, [](const v1::Sweep& now) { return now.state() != v1::SWEEP_STATE_RUNNING; });
}

bool SweepClient::AwaitWorkers(size_t connected) {
  return Eventually([&] {
    const std::vector<v1::Worker> workers = Workers();
    return static_cast<size_t>(std::ranges::count_if(
               workers, [](const v1::Worker& w) { return w.state() == v1::WORKER_STATE_CONNECTED; })) == connected;
  });
}

std::map<uint64_t, std::string> DigestsOf(const std::vector<v1::Trial>& trials, size_t count) {
  std::map<uint64_t, std::string> digests;
  for (const v1::Trial& trial : trials) {
    EXPECT_EQ(trial.state(), v1::TRIAL_STATE_SUCCEEDED) << trial.ShortDebugString();
    EXPECT_EQ(trial.weights_digest().size(), 64) << trial.ShortDebugString();
    EXPECT_TRUE(digests.emplace(trial.index(), trial.weights_digest()).second) << "trial twice: " << trial.index();
  }
  EXPECT_EQ(digests.size(), count);
  return digests;
}

}  // namespace basin::tests
