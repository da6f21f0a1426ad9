#include "worker/agent/clock.h"

namespace basin::worker::agent {

MonoTime SystemClock::Now() const {
  return std::chrono::duration_cast<MonoTime>(std::chrono::steady_clock::now().time_since_epoch());
}

void SystemClock::WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, MonoTime deadline) {
  changed.wait_until(lock, std::chrono::steady_clock::time_point(deadline));
}

}  // namespace basin::worker::agent
