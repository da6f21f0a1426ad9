#pragma once

#include <functional>

#include "tests/simulation/coordinator_host.h"
#include "tests/simulation/world.h"

namespace basin::tests::simulation {

// What one process sees of the coordinator: calls that may be lost, late, doubled, or overtaken, and answers that may
// be too. A call that was executed may go unanswered.
class Network {
 public:
  using Answered = std::function<void(absl::StatusOr<server::core::Reply>)>;

  Network(World* world, CoordinatorHost* coordinator)
      : world_(*world), coordinator_(*coordinator), dice_(world->dice.Fork()) {}

  // `answered` comes at most twice, or never.
  void Call(server::core::Command command, Answered answered) {
    if (!world_.healed && dice_.Chance(world_.faults.duplicate)) {
      ++world_.result.duplicates;
      Send(command, answered);
    }
    Send(std::move(command), std::move(answered));
  }

  // Cuts one direction or both for a while.
  void Cut() {
    const uint64_t which = dice_.Below(3);
    const server::core::MonoTime until =
        world_.timeline.now() + dice_.Between(std::chrono::seconds(1), std::chrono::seconds(30));
    if (which != 0) there_cut_until_ = until;
    if (which != 1) back_cut_until_ = until;
    world_.Note("a link is cut");
  }

 private:
  void Send(server::core::Command command, Answered answered) {
    Travel(&there_cut_until_, [this, command = std::move(command), answered = std::move(answered)] {
      coordinator_.Receive(command, [this, answered](absl::StatusOr<server::core::Reply> reply) {
        Travel(&back_cut_until_, [answered, reply = std::move(reply)] { answered(reply); });
      });
    });
  }

  void Travel(const server::core::MonoTime* cut_until, std::function<void()> arrive) {
    server::core::MonoTime delay = dice_.Between(std::chrono::microseconds(100), world_.faults.max_delay);
    if (!world_.healed) {
      if (world_.timeline.now() < *cut_until || dice_.Chance(world_.faults.loss)) {
        ++world_.result.lost_messages;
        return;
      }
      if (dice_.Chance(world_.faults.slow)) delay = dice_.Between(delay, world_.faults.slow_delay);
    }
    world_.timeline.After(delay, std::move(arrive));
  }

  World& world_;
  CoordinatorHost& coordinator_;
  Dice dice_;
  server::core::MonoTime there_cut_until_{}, back_cut_until_{};
};

}  // namespace basin::tests::simulation
