#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/state.h"
#include "server/runtime/changes.h"
#include "server/runtime/clock.h"
#include "server/runtime/deadline_queue.h"
#include "server/runtime/sweep_view.h"

namespace basin::server::runtime {

// What users ask of sweeps and workers while they run, without a word to the coordinator's loop: the loop publishes
// here what each commit changed, before it answers. Thread-safe.
class StatusBoard {
 public:
  // `clock` outlives this.
  explicit StatusBoard(const Clock* clock);

  // By the loop alone, after each commit.
  void Publish(const core::State& state, const Changes& changes, core::Now now);

  // Of all sweeps and workers together.
  struct Totals {
    v1::TrialCounts trials;
    std::map<v1::SweepState, uint64_t> sweeps;
    std::map<v1::WorkerState, uint64_t> workers;
  };
  Totals GetTotals() const;

  // An id; else a name that one sweep has; else the prefix of one id. NOT_FOUND; FAILED_PRECONDITION when several
  // match.
  absl::StatusOr<core::SweepId> FindSweep(std::string_view text) const;
  // Without spec. NOT_FOUND.
  absl::StatusOr<v1::Sweep> GetSweep(const core::SweepId& id) const;

  using SweepCallback = std::function<void(absl::StatusOr<v1::Sweep>)>;
  // Calls back exactly once: as soon as the sweep's revision is not `known_revision`, or when `wait` is over, or
  // NOT_FOUND when the sweep is deleted. Perhaps on this thread.
  uint64_t WaitForSweep(const core::SweepId& id, uint64_t known_revision, core::MonoTime wait, SweepCallback done);
  // Calls back CANCELLED if it has not called back.
  void CancelWait(uint64_t wait);
  // Calls back all with what is, and lets nobody wait from then on.
  void EndWaits();

  // Newest first. `after`: the time of creation and the id of the last one of the page before.
  using SweepCursor = std::pair<core::WallTime, core::SweepId>;
  struct SweepPage {
    std::vector<v1::Sweep> sweeps;
    std::vector<SweepCursor> cursors;  // Of each sweep, for a page that ends there.
    std::optional<SweepCursor> next;   // Set if there are more.
  };
  SweepPage ListSweeps(const std::optional<SweepCursor>& after, const std::set<int>& states, size_t limit) const;

  struct WorkerPage {
    std::vector<v1::Worker> workers;
    std::optional<core::WorkerId> next;
  };
  // By id; `after` (may be empty): the last one of the page before.
  WorkerPage ListWorkers(const core::WorkerId& after, size_t limit) const;
  // An id; else the name of one worker that is there; else the prefix of one id. Errors as of FindSweep.
  absl::StatusOr<core::WorkerId> FindWorker(std::string_view text) const;
  absl::StatusOr<v1::Worker> GetWorker(const core::WorkerId& id) const;

 private:
  struct Waiter {
    core::SweepId sweep;
    uint64_t timer = 0;
    SweepCallback done;
  };

  void PublishSweep(const core::State& state, const Changes& changes, const core::SweepId& id, core::Now now);
  void RefreshWaiting(const core::State& state, const core::SweepId& id);
  void Replace(const core::SweepId& id, std::shared_ptr<SweepView> view);
  void Erase(const core::SweepId& id);
  void Wake(const core::SweepId& id);  // Under the lock.
  void Complete(uint64_t wait);
  std::shared_ptr<const SweepView> Find(const core::SweepId& id) const;

  const Clock* const clock_;
  core::MonoTime waiting_refreshed_{};  // The loop's.

  mutable std::mutex mutex_;
  uint64_t revision_;
  std::map<core::SweepId, std::shared_ptr<const SweepView>> sweeps_;
  std::set<std::pair<std::string, core::SweepId>> names_;
  std::set<SweepCursor> by_age_;
  std::map<core::WorkerId, WorkerView> workers_;
  bool waits_ended_ = false;
  uint64_t last_wait_ = 0;
  std::map<uint64_t, Waiter> waiters_;
  std::map<core::SweepId, std::set<uint64_t>> waiters_of_;
  DeadlineQueue deadlines_;  // Last, so that its thread ends first.
};

}  // namespace basin::server::runtime
