#include "server/runtime/system_clock.h"

#include <time.h>

namespace basin::server::runtime {
namespace {

std::chrono::nanoseconds ReadClock(clockid_t id) {
  timespec time{};
  clock_gettime(id, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

core::Now SystemClock::Read() const { return {.mono = ReadClock(CLOCK_MONOTONIC), .wall = ReadClock(CLOCK_REALTIME)}; }

void SystemClock::Wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& lock,
                       std::optional<core::MonoTime> until) const {
  if (!until) {
    wakeup.wait(lock);
    return;
  }
  const core::MonoTime left = *until - ReadClock(CLOCK_MONOTONIC);
  if (left > core::MonoTime::zero()) wakeup.wait_for(lock, left);
}

}  // namespace basin::server::runtime
