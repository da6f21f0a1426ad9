#pragma once

#include <memory>
#include <string>
#include <vector>

#include "basin/v1/sweep_service.grpc.pb.h"
#include "basin/v1/worker_service.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "proto/contract/violation.h"
#include "server/rpc/server.h"
#include "server/runtime/system_clock.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_store.h"
#include "tests/support/temp_dir.h"

namespace basin::server::rpc {

// A server in this process on a free port, with its database in a temporary folder, and a client of it.
class RpcTest : public testing::Test {
 protected:
  explicit RpcTest(const ServerOptions& options = {});

  // Calls with an empty context; the status as absl's, with its violations.
  template <typename Stub, typename Request, typename Response>
  static absl::StatusOr<Response> Call(Stub& stub,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       const Request& request);

  // `digits`: 2 batch sizes x `seeds` seeds.
  static v1::CreateSweepRequest DigitsRequest(const std::string& name = "digits", uint64_t seeds = 2);
  v1::Sweep Create(const std::string& name = "digits", uint64_t seeds = 2);
  v1::Sweep Get(const std::string& sweep);
  std::string Register(const std::string& name = "w", uint32_t slots = 4);
  std::vector<v1::LeasedTrial> Lease(const std::string& worker, uint32_t max_trials = 1);
  static v1::TrialReport ReportOf(const v1::LeasedTrial& trial);
  static v1::TrialReport Success(const v1::LeasedTrial& trial, double val_loss = 0.5);
  v1::TrialReportResult Report(const std::string& worker, const v1::TrialReport& report);
  // Every trial of `name` leased and succeeded, with the loss 0.1 * (index + 1).
  void RunAll(const std::string& worker);

  std::shared_ptr<grpc::Channel> NewChannel() const;

  tests::TempDir dir_;
  runtime::SystemClock clock_;
  std::unique_ptr<store::SqliteStore> store_;
  std::unique_ptr<store::SqliteQueries> queries_;
  std::unique_ptr<store::ArtifactStore> artifacts_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::SweepService::Stub> sweeps_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
};

absl::Status FromGrpcStatus(const grpc::Status& status);

// A status of one violation, at `path`.
testing::Matcher<const absl::Status&> IsViolationAt(const std::string& path);

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> RpcTest::Call(Stub& stub,
                                       grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                       const Request& request) {
  grpc::ClientContext context;
  Response response;
  const grpc::Status status = (stub.*method)(&context, request, &response);
  if (!status.ok()) return FromGrpcStatus(status);
  return response;
}

}  // namespace basin::server::rpc
