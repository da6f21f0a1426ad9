#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace basin::worker::agent {

// Nanoseconds of a monotonic clock: for deadlines and durations, comparable only within one process.
using MonoTime = std::chrono::duration<int64_t, std::nano>;

// The worker's one door to real time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  virtual MonoTime Now() const = 0;

  // Waits until `changed` is notified, `deadline` has come, or for no reason at all: the caller looks again at what it
  // waits for. REQUIRES: `lock` is held; it is held again on return.
  virtual void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, MonoTime deadline) = 0;
};

// std::chrono::steady_clock: a jump of the wall clock changes nothing.
class SystemClock : public Clock {
 public:
  MonoTime Now() const override;
  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, MonoTime deadline) override;
};

}  // namespace basin::worker::agent
