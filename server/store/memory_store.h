#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/store.h"

namespace basin::server::store {

// The store's contract in memory, for simulations: the object is the disk. To crash the server, drop its state and Load
// again.
class MemoryStore : public Store {
 public:
  absl::Status Commit(std::span<const core::Event> events) override;
  absl::StatusOr<core::Snapshot> Load() override;
  absl::StatusOr<core::FinishedTrial> FindFinished(const core::TrialKey& key) override;
  absl::StatusOr<core::CreateSweep::Stored> FindRequest(const std::string& request_id) override;
  absl::StatusOr<std::vector<core::RetrySweep::Failed>> FailedTrials(const core::SweepId& id) override;
  absl::StatusOr<core::KnownResult> FindResult(const core::Computation& computation) override;
  absl::StatusOr<v1::SweepSpec> FindSpec(const core::SweepId& id) override;

  // The next commit gives `error` and stores nothing.
  void FailNextCommit(absl::Status error) { next_error_ = std::move(error); }

  // A commit came that stored something, so many times.
  uint64_t commits() const { return commits_; }

 private:
  struct Trial {
    core::TrialState state = core::TrialState::kPending;
    core::OpenTrial last;  // The last attempt.
    core::FinishedTrial end;
    std::optional<core::KnownResult> result;  // Without its sweep's objective.
    std::optional<core::Artifact> weights;    // Of the open attempt.
  };
  struct Sweep {
    core::SweepRecord record;  // With its definition, always.
    uint64_t next_index = 0;
    std::set<uint64_t> skipped;
    std::map<uint64_t, Trial> trials;
    std::map<uint64_t, std::string> digests;  // Of configs' workloads.
  };
  class Applier;

  std::map<core::SweepId, Sweep> sweeps_;
  std::vector<core::SweepId> order_;  // Of creation.
  std::map<core::WorkerId, core::WorkerRecord> workers_;
  std::optional<absl::Status> next_error_;
  uint64_t commits_ = 0;
};

}  // namespace basin::server::store
