#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/core/command.h"
#include "server/core/decide.h"
#include "server/core/state.h"
#include "server/runtime/changes.h"
#include "server/runtime/clock.h"
#include "server/runtime/coordinator_observer.h"
#include "server/runtime/lease_waiters.h"
#include "server/runtime/random_id.h"
#include "server/runtime/status_board.h"
#include "server/store/store.h"

namespace basin::server::runtime {

struct CoordinatorOptions {
  core::Settings settings;
  // Commands that may wait, and their size together: one, and one more for each metric point. Beyond, UNAVAILABLE.
  size_t max_waiting_commands = 16384;
  size_t max_waiting_size = 1000000;
  // While the disk is full, how often one change is tried.
  core::MonoTime probe_interval = std::chrono::seconds(1);
  // How often the store tidies up when it has found nothing to do; zero: never. A piece follows another after the
  // pause.
  core::MonoTime tidy_interval{};
  core::MonoTime tidy_pause = std::chrono::milliseconds(50);
  RandomBits random = SystemRandomBits();
  // Outlives the coordinator. Null: nobody measures.
  CoordinatorObserver* observer = nullptr;
  // Called when the store can't be trusted any more. Empty: the process exits at once with status 1.
  std::function<void(const absl::Status&)> on_fatal;
};

// The one thread that owns the scheduler's state. It takes all waiting commands, decides and applies each, makes their
// events durable in one commit, publishes what changed on the board, and only then answers: nothing is acknowledged
// that is not on disk, and the cost of a commit is shared by all that waited for it.
//
// When the disk is full, the batch is answered RESOURCE_EXHAUSTED, the state is loaded anew once, and from then on
// changes are refused without touching the disk, except one an interval, which finds out whether there is space again;
// what needs no disk (heartbeats) goes on. At any other failure to commit the process exits (see on_fatal).
class Coordinator {
 public:
  // Loads the state from `store` and publishes it. `store`, `clock` and `board` outlive the coordinator; the store is
  // used by its thread alone from now on.
  static absl::StatusOr<std::unique_ptr<Coordinator>> Start(CoordinatorOptions options, store::Store* store,
                                                            const Clock* clock, StatusBoard* board);
  // Stops.
  ~Coordinator();

  // Thread-safe. Calls back exactly once, on the loop's thread or, if refused, on this one. Ids and other things that
  // the store knows are filled in by the loop.
  void Submit(core::Command command, ReplyCallback done);

  // As Submit, but an answer without leases is held back until there is one, at most for `wait` (and half a lease, so
  // that a waiting worker is not taken for a lost one). Returns the call's number for CancelLease.
  uint64_t Lease(core::LeaseTrials command, core::MonoTime wait, ReplyCallback done);
  // If the call waits, calls it back with CANCELLED.
  void CancelLease(uint64_t call);

  struct Load {
    size_t waiting_commands = 0;
    core::MonoTime busy{};  // Since when the loop works at one batch; zero while it waits for commands.
    bool disk_full = false;
  };
  // Thread-safe.
  Load load() const;

  // Answers all waiting calls for work and lets none wait from then on.
  void EndWaits();
  // Refuses new commands with UNAVAILABLE, finishes those that wait, and ends the thread. Idempotent.
  void Stop();

 private:
  struct CancelledCall {};
  struct WaitsEnd {};
  struct Item {
    std::variant<core::Command, CancelledCall, WaitsEnd> what;
    ReplyCallback done{};
    size_t size = 1;
    uint64_t call = 0;  // Of a lease call.
    core::MonoTime wait{};
  };
  struct Answer {
    ReplyCallback done;
    absl::StatusOr<core::Reply> reply;
  };

  Coordinator(CoordinatorOptions options, store::Store* store, const Clock* clock, StatusBoard* board,
              core::State state);

  void Push(Item item);
  void Run();
  // Takes what waits; blocks until there is something to do. False: stopped.
  bool Take(std::vector<Item>* items);
  std::optional<core::MonoTime> NextWakeup() const;

  void Round(std::vector<Item> items);
  void NoticeStall();
  void Handle(Item item);
  void Execute(Item item, core::Command& command);
  void ExecuteLease(Item item, core::LeaseTrials& command);
  absl::StatusOr<core::Reply> DecideAndApply(const core::Command& command);
  // A call for work, with the store's word on results that trials may take over. `more`: after so many of them that
  // others should have their turn, it has to be asked again.
  absl::StatusOr<core::Reply> DecideLease(core::LeaseTrials command, bool* more);
  // Puts a call for work behind what waits in the queue.
  void AskLater(uint64_t call, core::LeaseTrials command, core::MonoTime wait, ReplyCallback done);
  absl::StatusOr<core::Reply> TryWhileFull(core::Decision decision);
  // On a full disk: looks whether there is space, though nobody wants anything changed. Else who waits for leases to
  // end would wait for ever.
  void ProbeIfDue();
  void SpaceIsBack();
  void CountOutage();
  void ExpireIfDue();
  void TidyIfDue();
  void Expire();
  void SetFullSince(std::optional<core::MonoTime> since);
  void AnswerOverdueWaiters();
  void WakeWaiters();
  // The number of trials leased.
  uint64_t WakeWaiter(uint64_t call);
  // Serves waiting calls with what appeared since the last time, commits and publishes everything decided, and answers.
  void Flush();
  bool Commit();
  void Reload();
  void Fail(const absl::Status& status);
  void Apply(std::vector<core::Event> events);

  const CoordinatorOptions options_;
  store::Store* const store_;
  const Clock* const clock_;
  StatusBoard* const board_;
  const core::MonoTime tick_;             // How often deadlines are looked at.
  const core::MonoTime stall_threshold_;  // Being later than this is a stall: as core has it.

  // The loop's thread alone:
  core::State state_;
  core::Now now_{};
  LeaseWaiters waiters_;
  bool waits_ended_ = false;
  std::vector<core::Event> events_;  // Applied, not yet on disk.
  Changes changes_;
  std::vector<Answer> answers_;
  std::optional<core::MonoTime> next_check_;  // Of the state's deadlines.
  core::MonoTime last_round_{};
  core::MonoTime stalled_{};
  std::optional<core::MonoTime> full_since_;  // The disk is full.
  core::MonoTime outage_counted_{};           // Until when the time since is part of stalled_.
  core::MonoTime next_probe_{};
  std::optional<core::MonoTime> next_tidy_;
  absl::Status failed_;  // Set when the store failed for good.

  std::atomic<uint64_t> last_call_ = 0;
  std::atomic<bool> disk_full_ = false;  // full_since_, for other threads.
  mutable std::mutex mutex_;
  std::optional<core::MonoTime> busy_since_;
  std::condition_variable wakeup_;
  std::vector<Item> queue_;
  size_t queue_size_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace basin::server::runtime
