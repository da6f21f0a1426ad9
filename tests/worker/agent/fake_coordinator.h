#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "worker/agent/coordinator_client.h"
#include "worker/agent/held_trials.h"

namespace basin::worker::agent {

// A coordinator in memory that does what a test tells it to: hands out trials, goes away, forgets the worker, stops
// trials. Every call is noted.
class FakeCoordinator : public CoordinatorClient {
 public:
  struct Ended {
    v1::TrialOutcome outcome;
    std::vector<v1::MetricPoint> points;
  };

  absl::StatusOr<v1::RegisterWorkerResponse> Register(const v1::RegisterWorkerRequest& request, MonoTime) override {
    const std::lock_guard lock(mutex_);
    registrations_.push_back(request);
    changed_.notify_all();
    if (!refusal_.ok()) return refusal_;
    if (away_) return absl::UnavailableError("connection refused");
    worker_id_ = absl::StrCat("w-", ++workers_);
    slots_ = request.slots();
    running_.clear();
    v1::RegisterWorkerResponse response;
    response.set_worker_id(worker_id_);
    response.mutable_lease()->set_seconds(lease_.count());
    response.mutable_heartbeat()->set_nanos(20'000'000);
    return response;
  }

  absl::StatusOr<v1::LeaseTrialsResponse> Lease(const v1::LeaseTrialsRequest& request, MonoTime) override {
    std::unique_lock lock(mutex_);
    lease_calls_.push_back(request);
    changed_.notify_all();
    const auto wait = std::chrono::seconds(request.wait().seconds()) + std::chrono::nanoseconds(request.wait().nanos());
    changed_.wait_for(lock, wait, [&] {
      return cancelled_ || away_ || drain_ || request.worker_id() != worker_id_ ||
             (!pending_.empty() && running_.size() < slots_ + request.ahead());
    });
    if (cancelled_) return absl::CancelledError("cancelled");
    if (away_ || lost_lease_answers_ > 0) {
      if (lost_lease_answers_ > 0) --lost_lease_answers_;
      return absl::UnavailableError("connection reset");
    }
    if (request.worker_id() != worker_id_) return absl::NotFoundError("no such worker");
    v1::LeaseTrialsResponse response;
    response.set_drain(drain_);
    while (!drain_ && !pending_.empty() && running_.size() < slots_ + request.ahead() &&
           static_cast<uint32_t>(response.trials_size()) < request.max_trials()) {
      running_.insert(pending_.front().index());
      *response.add_trials() = pending_.front();
      ++leased_;
      pending_.erase(pending_.begin());
    }
    return response;
  }

  absl::StatusOr<v1::ReportResponse> Report(const v1::ReportRequest& request, MonoTime) override {
    const std::lock_guard lock(mutex_);
    ++report_calls_;
    changed_.notify_all();
    if (away_) return absl::UnavailableError("connection reset");
    if (request.worker_id() != worker_id_) return absl::NotFoundError("no such worker");
    v1::ReportResponse response;
    response.set_drain(drain_);
    for (const auto& trial : request.trials()) {
      auto& result = *response.add_results();
      result.set_directive(v1::TrialReportResult::DIRECTIVE_CONTINUE);
      if (const auto it = directives_.find(trial.index()); it != directives_.end()) {
        result.set_directive(it->second);
        result.set_message("as told");
        running_.erase(trial.index());
        continue;
      }
      auto& points = points_[trial.index()];
      for (int i = 0; i < trial.points_size(); ++i) {
        if (trial.first_sequence() + i == points.size()) points.push_back(trial.points(i));
      }
      result.set_next_sequence(points.size());
      if (!trial.has_outcome()) continue;
      ended_[trial.index()] = {trial.outcome(), points};
      running_.erase(trial.index());
    }
    return response;
  }

  absl::Status UploadCheckpoint(const v1::CheckpointHeader& header, std::string_view bytes, MonoTime) override {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    if (away_) return absl::UnavailableError("connection reset");
    uploads_.push_back({header, std::string(bytes), points_[header.index()].size()});
    return absl::OkStatus();
  }
  absl::Status UploadWeights(const v1::WeightsHeader& header, std::string_view bytes, MonoTime) override {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
    ++weights_calls_;
    if (away_) return absl::UnavailableError("connection reset");
    if (!weights_answer_.ok()) return weights_answer_;
    weights_.push_back({header, std::string(bytes), ended_.count(header.index()) > 0});
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> DownloadCheckpoint(const v1::DownloadCheckpointRequest& request, MonoTime) override {
    const std::lock_guard lock(mutex_);
    if (away_) return absl::UnavailableError("connection reset");
    const auto found = files_.find(request.sha256());
    if (found == files_.end()) return absl::DataLossError("the file is damaged");
    return found->second;
  }
  absl::StatusOr<std::string> DownloadWeights(const v1::DownloadWeightsRequest& request, MonoTime) override {
    std::unique_lock lock(mutex_);
    wanted_weights_.push_back(request);
    changed_.notify_all();
    const auto ends = [this] { return !downloads_stall_ || downloads_cancelled_; };
    if (!changed_.wait_for(lock, std::chrono::seconds(10), ends)) return absl::DeadlineExceededError("too slow");
    if (downloads_cancelled_) return absl::CancelledError("the worker leaves");
    return stored_weights_;
  }
  absl::StatusOr<v1::RejectCheckpointResponse> RejectCheckpoint(const v1::RejectCheckpointRequest& request,
                                                                MonoTime) override {
    const std::lock_guard lock(mutex_);
    rejections_.push_back(request);
    v1::RejectCheckpointResponse response;
    if (fallback_) *response.mutable_checkpoint() = *std::exchange(fallback_, std::nullopt);
    return response;
  }

  absl::Status Unregister(const v1::UnregisterWorkerRequest& request, MonoTime) override {
    const std::lock_guard lock(mutex_);
    if (away_) return absl::UnavailableError("connection refused");
    unregistered_.insert(request.worker_id());
    changed_.notify_all();
    return absl::OkStatus();
  }

  void CancelLeases() override {
    Set([this] { cancelled_ = true; });
  }
  void CancelDownloads() override {
    Set([this] { downloads_cancelled_ = true; });
  }

  // A trial with a checkpoint from which it goes on.
  void AddTrial(const v1::LeasedTrial& lease) {
    Set([&] {
      points_[lease.index()].resize(lease.checkpoint().next_sequence());
      pending_.push_back(lease);
    });
  }
  void AddFile(const std::string& sha256, const std::string& bytes) {
    Set([&] { files_[sha256] = bytes; });
  }
  // The answer to the next rejection.
  void FallBackTo(const v1::CheckpointReference& checkpoint) {
    Set([&] { fallback_ = checkpoint; });
  }
  // Trials `from` .. `to` - 1, whose seed is their index.
  void AddTrials(uint64_t from, uint64_t to) {
    Set([&] {
      for (uint64_t i = from; i < to; ++i) {
        v1::LeasedTrial lease;
        lease.set_sweep_id("sweep");
        lease.set_index(i);
        lease.set_attempt(1);
        lease.set_seed(i);
        pending_.push_back(lease);
      }
    });
  }
  void GiveLeasesOf(std::chrono::seconds lease) {
    Set([&] { lease_ = lease; });
  }
  void GoAway() {
    Set([this] { away_ = true; });
  }
  void ComeBack() {
    Set([this] { away_ = false; });
  }
  void Forget() {
    Set([this] { worker_id_.clear(); });
  }
  void AskToDrain() {
    Set([this] { drain_ = true; });
  }
  void RefuseWorkers(absl::Status status) {
    Set([&] { refusal_ = std::move(status); });
  }
  // The answer to uploads of weights.
  void RefuseWeights(absl::Status status) {
    Set([&] { weights_answer_ = std::move(status); });
  }
  void StoreWeights(const std::string& bytes) {
    Set([&] { stored_weights_ = bytes; });
  }
  // Weights do not come until nobody wants them any more.
  void StallDownloads() {
    Set([this] { downloads_stall_ = true; });
  }
  void LoseLeaseAnswers(int count) {
    Set([&] { lost_lease_answers_ = count; });
  }
  void Answer(uint64_t index, v1::TrialReportResult::Directive directive) {
    Set([&] { directives_[index] = directive; });
  }

  // Waits until `condition` holds; false if it does not within a time that no healthy test takes.
  bool Await(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }
  bool AwaitEnded(size_t count) {
    return Await([&] { return ended_.size() == count; });
  }
  // Wakes those who wait for what a test's jobs have changed.
  void Notify() {
    Set([] {});
  }

  // Read these inside Await, or when the agent has ended.
  std::vector<v1::RegisterWorkerRequest> registrations_;
  std::vector<v1::LeaseTrialsRequest> lease_calls_;
  int report_calls_ = 0;
  int leased_ = 0;  // Trials.
  std::map<uint64_t, std::vector<v1::MetricPoint>> points_;
  std::map<uint64_t, Ended> ended_;
  std::set<std::string> unregistered_;
  std::string worker_id_;
  struct Upload {
    v1::CheckpointHeader header;
    std::string bytes;
    size_t points;  // That had come before.
  };
  std::vector<Upload> uploads_;
  std::vector<v1::RejectCheckpointRequest> rejections_;
  struct UploadedWeights {
    v1::WeightsHeader header;
    std::string bytes;
    bool ended;  // The trial's outcome had come before.
  };
  std::vector<UploadedWeights> weights_;
  int weights_calls_ = 0;
  std::vector<v1::DownloadWeightsRequest> wanted_weights_;
  bool downloads_cancelled_ = false;

 private:
  template <typename Change>
  void Set(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::LeasedTrial> pending_;
  std::set<uint64_t> running_;
  std::map<std::string, std::string> files_;
  std::optional<v1::CheckpointReference> fallback_;
  uint32_t slots_ = 0;
  std::chrono::seconds lease_{30};
  std::map<uint64_t, v1::TrialReportResult::Directive> directives_;
  absl::Status refusal_, weights_answer_;
  absl::StatusOr<std::string> stored_weights_ = absl::NotFoundError("no trial keeps them");
  int workers_ = 0;
  int lost_lease_answers_ = 0;
  bool away_ = false;
  bool drain_ = false;
  bool cancelled_ = false;
  bool downloads_stall_ = false;
};

}  // namespace basin::worker::agent
