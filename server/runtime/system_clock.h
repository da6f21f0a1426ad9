#pragma once

#include "server/runtime/clock.h"

namespace basin::server::runtime {

// The machine's time. Deadlines use CLOCK_MONOTONIC, which no jump of the wall clock touches and which stands still
// while the machine sleeps.
class SystemClock : public Clock {
 public:
  core::Now Read() const override;
  void Wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
            std::optional<core::MonoTime> until) const override;
};

}  // namespace basin::server::runtime
