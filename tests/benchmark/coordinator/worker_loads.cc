#include "tests/benchmark/coordinator/worker_loads.h"

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "proto/contract/channel.h"
#include "tests/benchmark/coordinator/connection.h"

namespace basin::benchmark {
namespace {

constexpr int kWorkers = 8;

// A call for work that waits on the server while its worker does something else.
class WaitingLease {
 public:
  WaitingLease(WorkerConnection& worker, uint32_t most) : request_(worker.NewLeaseRequest(most)) {
    contract::PrepareContext(&context_, 60);
    worker.stub().async()->LeaseTrials(&context_, &request_, &response_,
                                       [this](const grpc::Status& status) { done_.set_value(status); });
  }
  std::vector<v1::LeasedTrial> Await() {
    Expect(done_.get_future().get(), "LeaseTrials");
    return {response_.trials().begin(), response_.trials().end()};
  }

 private:
  grpc::ClientContext context_;
  v1::LeaseTrialsRequest request_;
  v1::LeaseTrialsResponse response_;
  std::promise<grpc::Status> done_;
};

Round BatchingWorker(const std::string& address, int caller, uint32_t slots) {
  auto worker = std::make_shared<WorkerConnection>(address, absl::StrCat("batching-", caller), slots);
  auto held = std::make_shared<std::vector<v1::LeasedTrial>>(worker->Lease(slots));
  return [worker, held, slots]() -> uint64_t {
    v1::ReportRequest request = worker->NewReport();
    for (const v1::LeasedTrial& trial : *held) SetSuccess(AddReport(trial, 0, kPointsATrial, &request));
    WaitingLease lease(*worker, slots);
    // With nothing to report the call for work came back before the slots were free.
    if (!held->empty()) worker->Report(request);
    const uint64_t done = held->size();
    *held = lease.Await();
    return done;
  };
}

Round SimpleWorker(const std::string& address, int caller) {
  auto worker = std::make_shared<WorkerConnection>(address, absl::StrCat("simple-", caller), 1);
  return [worker]() -> uint64_t {
    const v1::LeasedTrial trial = worker->Lease(1).front();
    for (uint64_t point = 0; point < kPointsATrial; ++point) {
      v1::ReportRequest request = worker->NewReport();
      AddReport(trial, point, 1, &request);
      worker->Report(request);
    }
    v1::ReportRequest request = worker->NewReport();
    SetSuccess(AddReport(trial, kPointsATrial, 0, &request));
    worker->Report(request);
    return kCallsASimpleTrial;
  };
}

Round PointsWorker(const std::string& address, int caller, uint64_t points) {
  auto worker = std::make_shared<WorkerConnection>(address, absl::StrCat("points-", caller), 1);
  auto trial = std::make_shared<v1::LeasedTrial>(worker->Lease(1).front());
  auto next = std::make_shared<uint64_t>(0);
  return [=] {
    v1::ReportRequest request = worker->NewReport();
    AddReport(*trial, *next, points, &request);
    worker->Report(request);
    *next += points;
    return points;
  };
}

Round EmptyCaller(const std::string& address) {
  std::shared_ptr<v1::WorkerService::Stub> stub = v1::WorkerService::NewStub(Connect(address));
  return [stub]() -> uint64_t {
    v1::UnregisterWorkerResponse response;
    grpc::ClientContext context;
    contract::PrepareContext(&context, 60);
    Expect(stub->UnregisterWorker(&context, {}, &response), "an empty call");
    return 1;
  };
}

}  // namespace

Rates MeasureRates(int callers, const std::function<Round(int)>& make, const Windows& windows) {
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> done = 0;
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      const Round round = make(caller);
      while (!stop) done += round();
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(windows.warmup_seconds));
  Rates rates;
  for (int i = 0; i < windows.repetitions; ++i) {
    const Clock::time_point began = Clock::now();
    const uint64_t before = done;
    std::this_thread::sleep_for(std::chrono::duration<double>(windows.seconds));
    rates.per_second.push_back(static_cast<double>(done - before) / SecondsSince(began));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  rates.total = done;
  return rates;
}

Rates MeasureBatchingWorkers(const std::string& address, uint32_t slots, const Windows& windows) {
  return MeasureRates(
      kWorkers, [&](int caller) { return BatchingWorker(address, caller, slots); }, windows);
}

Rates MeasureSimpleWorkers(const std::string& address, const Windows& windows) {
  return MeasureRates(
      kWorkers, [&](int caller) { return SimpleWorker(address, caller); }, windows);
}

Rates MeasurePoints(const std::string& address, uint64_t points, const Windows& windows) {
  return MeasureRates(
      kWorkers, [&](int caller) { return PointsWorker(address, caller, points); }, windows);
}

Rates MeasureEmptyCalls(const std::string& address, const Windows& windows) {
  return MeasureRates(
      kWorkers, [&](int) { return EmptyCaller(address); }, windows);
}

}  // namespace basin::benchmark
