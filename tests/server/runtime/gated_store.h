#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

#include "server/store/memory_store.h"

namespace basin::server::runtime {

// A store in memory whose commits a test holds up, fails and counts.
class GatedStore : public store::Store {
 public:
  absl::Status Commit(std::span<const core::Event> events) override {
    std::unique_lock lock(mutex_);
    ++commits_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (!failure_.ok()) return failure_;
    return memory_.Commit(events);
  }
  absl::StatusOr<core::Snapshot> Load() override {
    std::lock_guard lock(mutex_);
    ++loads_;
    return memory_.Load();
  }
  absl::StatusOr<core::FinishedTrial> FindFinished(const core::TrialKey& key) override {
    return memory_.FindFinished(key);
  }
  absl::StatusOr<core::CreateSweep::Stored> FindRequest(const std::string& id) override {
    return memory_.FindRequest(id);
  }
  absl::StatusOr<std::vector<core::RetrySweep::Failed>> FailedTrials(const core::SweepId& id) override {
    return memory_.FailedTrials(id);
  }
  absl::StatusOr<core::KnownResult> FindResult(const core::Computation& computation) override {
    return memory_.FindResult(computation);
  }
  absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& id) override { return memory_.FindSpec(id); }

  // Commits wait from now on.
  void Close() {
    std::lock_guard lock(mutex_);
    open_ = false;
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void AwaitCommits(int commits) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return commits_ >= commits; });
  }
  // Every commit fails so; OK: none.
  void Fail(absl::Status failure) {
    std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  int commits() {
    std::lock_guard lock(mutex_);
    return commits_;
  }
  int loads() {
    std::lock_guard lock(mutex_);
    return loads_;
  }

 private:
  store::MemoryStore memory_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  absl::Status failure_;
  int commits_ = 0;
  int loads_ = 0;
};

}  // namespace basin::server::runtime
