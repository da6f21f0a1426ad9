#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "server/core/state.h"
#include "server/store/memory_store.h"
#include "tests/simulation/world.h"

namespace basin::tests::simulation {

// The coordinator's process: decides and applies what has come, commits all of it at once, then answers. Its store is
// the disk and survives; all else is lost in a crash.
class CoordinatorHost {
 public:
  using Done = std::function<void(absl::StatusOr<server::core::Reply>)>;

  explicit CoordinatorHost(World* world);

  // A call arrives. `done` is never called if the process dies first.
  void Receive(server::core::Command command, Done done);
  // Loses everything but the disk, and is back after a while. A commit under way may or may not have become durable.
  void Crash();
  // Stands still for a while, with all its memory (SIGSTOP).
  void Stop();
  void JumpClock() { wall_offset_ = world_.dice.Between(-std::chrono::hours(100), std::chrono::hours(100)); }
  bool up() const { return state_.has_value(); }

 private:
  struct Call {
    server::core::Command command;
    Done done;
  };
  struct Answer {
    Done done;
    absl::StatusOr<server::core::Reply> reply;
  };

  void Start();
  void Reload();
  void Tick(uint64_t life);
  void Round();
  void Finish(uint64_t life);
  void StoreBatch();
  void SendAnswers();
  absl::StatusOr<server::core::Reply> Execute(server::core::Command command);
  absl::StatusOr<server::core::Reply> DecideAndApply(server::core::Command command);
  void CheckState();
  // What the checker must know of a command that was decided.
  void Witness(const server::core::Command& command, const server::core::Decision& decision);
  void FillIn(server::core::Command* command);
  server::core::Now Now() const;
  // Real time in which this process did not stand still.
  server::core::MonoTime Awake() const { return world_.timeline.now() - stood_still_; }

  World& world_;
  Dice dice_;
  server::store::MemoryStore store_;
  std::optional<server::core::State> state_;
  uint64_t life_ = 0;
  server::core::MonoTime mono_base_{};
  server::core::MonoTime wall_offset_{};
  server::core::MonoTime stopped_until_{};
  server::core::MonoTime stalled_{};
  server::core::MonoTime stood_still_{};  // In all, with what is left of the present stop.
  bool committing_ = false;
  std::vector<Call> inbox_;
  std::vector<server::core::Event> batch_;
  std::vector<Answer> answers_;
  std::map<server::core::SweepId, std::shared_ptr<const server::core::SweepDefinition>> definitions_;
};

}  // namespace basin::tests::simulation
