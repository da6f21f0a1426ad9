#include "worker/agent/agent.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "proto/contract/version.h"

namespace basin::worker::agent {
namespace {

constexpr MonoTime kLongestCall = std::chrono::seconds(10);
constexpr MonoTime kShortestCall = std::chrono::seconds(1);

MonoTime ToMonoTime(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

// Trying again would get the same answer.
bool IsForGood(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

v1::RegisterWorkerRequest WithVersions(v1::RegisterWorkerRequest registration) {
  registration.set_protocol_version(contract::kProtocolVersion);
  registration.set_version(contract::kVersion);
  return registration;
}

AgentOptions Completed(AgentOptions options) {
  options.registration = WithVersions(std::move(options.registration));
  return options;
}

}  // namespace

Agent::Agent(AgentOptions options, CoordinatorClient* client, Clock* clock, contract::EventLog* log)
    : options_(Completed(std::move(options))),
      client_(client),
      clock_(clock),
      log_(log),
      register_backoff_(options_.jitter_seed),
      lease_backoff_(options_.jitter_seed + 1),
      report_backoff_(options_.jitter_seed + 2),
      held_(options_.reporting) {}

Agent::~Agent() = default;

absl::Status Agent::Run() {
  EnsureRegistered("");
  std::vector<std::thread> threads;
  threads.emplace_back([this] { ReportUntilEnd(); });
  for (uint32_t slot = 0; slot < options_.registration.slots(); ++slot) {
    threads.emplace_back([this] { RunSlot(); });
  }
  LeaseUntilLeaving();
  Leave();
  for (std::thread& thread : threads) thread.join();
  const Lock lock(mutex_);
  return failure_;
}

void Agent::Drain() {
  const Lock lock(mutex_);
  if (drain_) return;
  drain_ = true;
  log_->Info("draining: leases are handed back",
             {{"worker", worker_id_}, {"trials", static_cast<int64_t>(held_.size())}});
  StopJobs();
}

void Agent::StopJobs() {
  client_->CancelLeases();
  for (const auto& [key, job] : jobs_) job->control.Stop();
  client_->CancelDownloads();  // Of jobs that know that they are to stop.
  room_.notify_all();
  control_.notify_all();
  report_.notify_all();
}

void Agent::FinishAndLeave() {
  if (!leaving()) {
    finish_ = true;
    log_->Info("draining: the server asks this worker to finish what it runs and leave",
               {{"worker", worker_id_}, {"trials", static_cast<int64_t>(held_.size())}});
    HandBackWaiting(MonoTime::zero());
    control_.notify_all();
  }
  // A call for work that still waits may bring leases given before the server was asked to drain this worker; once
  // nothing is held it is not worth waiting for, since leaving hands them back.
  if (held_.size() == 0) client_->CancelLeases();
}

void Agent::Leave() {
  Lock lock(mutex_);
  // Finishing takes what it takes; handing back does not.
  const auto all_told = [this] { return jobs_.empty() && (held_.size() == 0 || worker_id_.empty()); };
  control_.wait(lock, [&] { return drain_ || all_told(); });
  if (!all_told()) WaitFor(lock, control_, options_.farewell, all_told);
  const std::string worker_id = worker_id_;
  const size_t left_behind = held_.size();
  lock.unlock();
  absl::Status status;
  if (!worker_id.empty()) {
    v1::UnregisterWorkerRequest request;
    request.set_worker_id(worker_id);
    status = client_->Unregister(request, options_.farewell);
  }
  if (status.ok() || left_behind == 0) {
    log_->Info("left", {{"worker", worker_id}, {"error", std::string(status.message())}});
  } else {
    log_->Warning("left without a good-bye: leases still held run out at the server",
                  {{"worker", worker_id}, {"trials", left_behind}, {"error", std::string(status.message())}});
  }
  lock.lock();
  EndThreads();
}

void Agent::EndThreads() {
  ended_ = true;
  work_.notify_all();
  report_.notify_all();
  room_.notify_all();
}

void Agent::EnsureRegistered(const std::string& known) {
  const std::lock_guard register_lock(register_mutex_);
  Lock lock(mutex_);
  if (worker_id_ != known) return;
  worker_id_.clear();
  while (!drain_) {
    lock.unlock();
    const auto answer = client_->Register(options_.registration, kLongestCall);
    lock.lock();
    if (answer.ok()) {
      register_backoff_.Reset();
      TakeRegistration(*answer);
      return;
    }
    if (IsForGood(answer.status().code())) {
      failure_ = answer.status();
      drain_ = true;
      StopJobs();
      log_->Error("the server refuses this worker",
                  {{"server", options_.server},
                   {"code", std::string(absl::StatusCodeToString(answer.status().code()))},
                   {"error", std::string(answer.status().message())}});
      return;
    }
    CallFailed(answer.status());
    WaitFor(lock, control_, register_backoff_.Next(LongestRetryWait()), [this] { return drain_; });
  }
  control_.notify_all();
}

void Agent::TakeRegistration(const v1::RegisterWorkerResponse& answer) {
  worker_id_ = answer.worker_id();
  lease_term_ = ToMonoTime(answer.lease());
  if (const MonoTime heartbeat = ToMonoTime(answer.heartbeat()); heartbeat > MonoTime::zero()) {
    held_.SetHeartbeat(heartbeat);
  }
  Connected();
  log_->Info("registered", {{"worker", worker_id_},
                            {"name", options_.registration.name()},
                            {"slots", static_cast<int64_t>(options_.registration.slots())},
                            {"threads_per_trial", static_cast<int64_t>(options_.registration.threads_per_trial())},
                            {"datasets", static_cast<int64_t>(options_.registration.datasets_size())},
                            {"server_version", answer.server_version()}});
  report_.notify_all();
  control_.notify_all();
}

void Agent::Connected() {
  if (connected_) return;
  connected_ = true;
  log_->Info("connected", {{"server", options_.server}});
}

void Agent::CallFailed(const absl::Status& status) {
  const std::string code = absl::StatusCodeToString(status.code());
  const bool away = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  const contract::EventLog::Fields fields = {
      {"server", options_.server}, {"code", code}, {"error", std::string(status.message())}};
  if (!away) {
    log_->Warning("the server could not do what it was asked; trying again", fields);
  } else if (connected_ || worker_id_.empty()) {
    log_->Warning("reconnecting: the server does not answer", fields);
  } else {
    log_->Debug("reconnecting", fields);
  }
  if (away) connected_ = false;
}

// A call that hangs is given up early enough to be made again before leases run out.
MonoTime Agent::CallDeadline() const {
  return lease_term_ > MonoTime::zero() ? std::clamp(lease_term_ / 3, kShortestCall, kLongestCall) : kLongestCall;
}

MonoTime Agent::LongestRetryWait() const { return lease_term_ > MonoTime::zero() ? lease_term_ / 6 : MonoTime::max(); }

void Agent::WaitFor(Lock& lock, std::condition_variable& changed, MonoTime duration,
                    const std::function<bool()>& done) {
  const MonoTime deadline = clock_->Now() + duration;
  while (!done() && clock_->Now() < deadline) clock_->WaitUntil(lock, changed, deadline);
}

}  // namespace basin::worker::agent
