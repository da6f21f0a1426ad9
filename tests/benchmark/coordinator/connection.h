#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "basin/v1/sweep_service.grpc.pb.h"
#include "basin/v1/worker_service.grpc.pb.h"

namespace basin::benchmark {

using Clock = std::chrono::steady_clock;

inline double SecondsSince(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

// Says why on stderr and ends the program: a load that fails has measured nothing.
[[noreturn]] void Fail(const std::string& why);
// Fails unless the status is OK.
void Expect(const grpc::Status& status, const char* call);

// A connection of its own to `address`, not shared with others of the process.
std::shared_ptr<grpc::Channel> Connect(const std::string& address);

// A worker as the server sees one.
class WorkerConnection {
 public:
  // Registers it.
  WorkerConnection(const std::string& address, const std::string& name, uint32_t slots);

  v1::WorkerService::Stub& stub() { return *stub_; }
  const std::string& id() const { return id_; }
  // Fails if there are none within ten seconds.
  std::vector<v1::LeasedTrial> Lease(uint32_t most);
  // Fails unless every trial's report was accepted.
  void Report(const v1::ReportRequest& request);

  v1::LeaseTrialsRequest NewLeaseRequest(uint32_t most);
  v1::ReportRequest NewReport() const;

 private:
  std::unique_ptr<v1::WorkerService::Stub> stub_;
  std::string id_;
  uint64_t leases_ = 0;
};

// Fails unless the worker was told to go on with each trial of its report.
void ExpectAccepted(const v1::ReportResponse& response);

// The report of `trial` from point `first` on: `count` values of the objective.
v1::TrialReport* AddReport(const v1::LeasedTrial& trial, uint64_t first, uint64_t count, v1::ReportRequest* request);
void SetSuccess(v1::TrialReport* report);

// A user.
class UserConnection {
 public:
  explicit UserConnection(const std::string& address);
  v1::SweepService::Stub& stub() { return *stub_; }
  // Its id.
  std::string Submit(const v1::SweepSpec& spec);

 private:
  std::unique_ptr<v1::SweepService::Stub> stub_;
};

}  // namespace basin::benchmark
