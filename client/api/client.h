#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.grpc.pb.h"
#include "client/api/pager.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "proto/contract/channel.h"

namespace basin::client::api {

struct ClientOptions {
  // How long a call is tried again while the server does not answer: before it has answered for the first time (nobody
  // wants to wait long for a server that was never there), and after (it restarts).
  double first_patience_seconds = 0.4;
  double patience_seconds = 15;
  // Deadline of one try of an ordinary call.
  double deadline_seconds = 30;
  contract::CredentialFiles credentials = {};
};

// The calls of SweepService at one address. Each has a deadline; each may safely be repeated (a creating one by its
// request id) and is, with jitter, while the server is UNAVAILABLE. UNAVAILABLE at last says the address and how to
// start a server. Credentials that cannot be used, or that the server and this side do not agree on, are said in the
// status of every call. Thread-safe.
class Client {
 public:
  explicit Client(std::string address, ClientOptions options = {});

  const std::string& address() const { return address_; }

  // Cancels the calls in progress and refuses later ones with CANCELLED.
  void Interrupt();

  absl::StatusOr<v1::Sweep> CreateSweep(const v1::SweepSpec& spec, const std::string& request_id);
  // Checks the spec on the server; stores nothing.
  absl::Status ValidateSweep(const v1::SweepSpec& spec);
  absl::StatusOr<v1::Sweep> GetSweep(const std::string& sweep);
  // Answers when the sweep has another revision than `known_revision`, or after `wait_seconds`.
  absl::StatusOr<v1::Sweep> WaitForSweep(const std::string& sweep, uint64_t known_revision, double wait_seconds);
  Pager<v1::Sweep> Sweeps(std::vector<v1::SweepState> states = {});

  absl::StatusOr<v1::Sweep> PauseSweep(const std::string& sweep);
  absl::StatusOr<v1::Sweep> ResumeSweep(const std::string& sweep);
  absl::StatusOr<v1::Sweep> CancelSweep(const std::string& sweep);
  absl::StatusOr<v1::RetrySweepResponse> RetrySweep(const std::string& sweep);
  absl::Status DeleteSweep(const std::string& sweep);
  // The sweep that runs the trial again.
  absl::StatusOr<v1::Sweep> VerifyTrial(const std::string& sweep, uint64_t trial, const std::string& request_id);

  Pager<v1::Trial> Trials(const std::string& sweep, std::vector<v1::TrialState> states = {});
  // One trial that has begun, by the view `trials`: its state, worker, message and digests alone. `sweep` is the whole
  // id. NOT_FOUND.
  absl::StatusOr<v1::Trial> Trial(const std::string& sweep, uint64_t index);
  // Of one trial and metric, or of all.
  Pager<v1::TrialPoint> Points(const std::string& sweep, std::optional<uint64_t> trial = std::nullopt,
                               const std::string& metric = "");
  // Of one trial, or of all.
  Pager<v1::Artifact> Artifacts(const std::string& sweep, std::optional<uint64_t> trial);
  // Hands the bytes of a file to `sink`, in order; not repeated once some have come. After an error, such as DATA_LOSS
  // at the end, nothing of them is to be used.
  absl::Status DownloadArtifact(const v1::Artifact& artifact, const std::function<void(const std::string&)>& sink);
  // One page, as the request says.
  absl::StatusOr<v1::ListResultsResponse> Results(const v1::ListResultsRequest& request);

  Pager<v1::Worker> Workers();
  absl::StatusOr<v1::Worker> DrainWorker(const std::string& worker);

  struct SqlSink {
    std::function<void(const std::vector<std::string>& columns)> columns;  // Called once, first.
    std::function<void(const v1::SqlRow& row)> row;
  };
  // True if there were more rows than max_rows (0: the server's limit). Not repeated once rows have come.
  absl::StatusOr<bool> QuerySql(const std::string& sql, uint64_t max_rows, const SqlSink& sink);

  absl::StatusOr<v1::GetServerInfoResponse> ServerInfo();

 private:
  using Try = std::function<grpc::Status(grpc::ClientContext*)>;
  absl::Status Invoke(double deadline_seconds, const Try& attempt, const std::function<bool()>& may_repeat = nullptr);
  template <typename Request, typename Response>
  absl::StatusOr<Response> Unary(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                                Response*),
                                 const Request& request, double deadline_seconds);
  template <typename Item, typename Request, typename Response>
  Pager<Item> Pages(grpc::Status (v1::SweepService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    Request request, google::protobuf::RepeatedPtrField<Item>* (Response::*items)());
  absl::Status InvokeOnce(double deadline_seconds, const Try& attempt);
  bool SleepUnlessInterrupted(double seconds);
  absl::Status Unreachable(const absl::Status& status);

  const std::string address_;
  const ClientOptions options_;
  const absl::StatusOr<std::shared_ptr<grpc::Channel>> opened_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::SweepService::Stub> stub_;

  std::mutex mutex_;
  std::condition_variable interrupt_;
  std::vector<grpc::ClientContext*> running_;
  bool interrupted_ = false;
  bool answered_ = false;
};

}  // namespace basin::client::api
