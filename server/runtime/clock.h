#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "server/core/model.h"

namespace basin::server::runtime {

// Where time comes from, and the one way to wait for it, so that tests move it by hand. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual core::Now Read() const = 0;

  // Blocks until `wakeup` is notified or the monotonic time is `until` (nothing: no limit); may return early.
  // REQUIRES: `lock` is held; it is released while waiting, as by a condition variable.
  virtual void Wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
                    std::optional<core::MonoTime> until) const = 0;
};

}  // namespace basin::server::runtime
