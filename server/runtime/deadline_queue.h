#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "server/runtime/clock.h"

namespace basin::server::runtime {

// Runs functions when their time has come, all on one thread of its own: any number of waiting calls costs no thread.
// Thread-safe.
class DeadlineQueue {
 public:
  // `clock` outlives this.
  explicit DeadlineQueue(const Clock* clock);
  // Runs nothing more; what was not run is dropped. Waits for a function that runs.
  ~DeadlineQueue();

  // Runs `function` once `at` has come, at once if it has: never on the caller's thread, never under a lock.
  uint64_t Schedule(core::MonoTime at, std::function<void()> function);
  // The function will not run, unless it runs already or has run.
  void Cancel(uint64_t id);

 private:
  void Run();

  const Clock* const clock_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool stopping_ = false;
  uint64_t last_id_ = 0;
  std::map<std::pair<core::MonoTime, uint64_t>, std::function<void()>> waiting_;  // In the order of their times.
  std::map<uint64_t, core::MonoTime> times_;
  std::thread thread_;
};

}  // namespace basin::server::runtime
