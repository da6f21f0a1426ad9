#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "server/core/event.h"

namespace basin::server::runtime {

// What the coordinator's loop tells whoever measures it. Called on the loop's thread, which waits: be quick.
class CoordinatorObserver {
 public:
  virtual ~CoordinatorObserver() = default;

  // One commit succeeded: what it stored, how many commands it answers, and how long the store took.
  virtual void OnCommit(std::span<const core::Event> events, size_t commands, core::MonoTime took) = 0;
  // Attempts ended because their lease, or the time that one attempt may take, ran out.
  virtual void OnExpired(uint64_t leases, uint64_t time_limits) = 0;
  // Reports of trials were refused because their attempt is not the current one.
  virtual void OnFenced(uint64_t writes) = 0;
};

}  // namespace basin::server::runtime
