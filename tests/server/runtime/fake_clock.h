#pragma once

#include <algorithm>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <vector>

#include "server/runtime/clock.h"

namespace basin::server::runtime {

// Time that stands still until a test moves it.
class FakeClock : public Clock {
 public:
  core::Now Read() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }

  void Wait(std::condition_variable& wakeup, std::unique_lock<std::mutex>& held,
            std::optional<core::MonoTime> until) const override {
    std::unique_lock lock(mutex_);
    if (until && now_.mono >= *until) return;
    const auto place = waiters_.insert(waiters_.end(), {&wakeup, held.mutex(), until, false});
    idle_.notify_all();
    lock.unlock();
    wakeup.wait(held);
    lock.lock();
    waiters_.erase(place);
  }

  // At once, as if everything had been stopped meanwhile.
  void Jump(core::MonoTime by) {
    std::vector<Waiter> waiters;
    {
      std::lock_guard lock(mutex_);
      now_.mono += by;
      now_.wall += by;
      for (Waiter& waiter : waiters_) waiter.woken = true;
      waiters.assign(waiters_.begin(), waiters_.end());
    }
    for (const Waiter& waiter : waiters) {
      std::lock_guard lock(*waiter.mutex);
      waiter.wakeup->notify_all();
    }
  }

  void JumpWall(core::WallTime by) {
    std::lock_guard lock(mutex_);
    now_.wall += by;
  }

  // Until `threads` threads wait for a later time.
  void AwaitIdle(size_t threads) const {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] {
      return waiters_.size() >= threads && std::ranges::all_of(waiters_, [&](const Waiter& waiter) {
               return !waiter.woken && (!waiter.until || *waiter.until > now_.mono);
             });
    });
  }

  // In steps, each of which `threads` threads keep up with.
  void Pass(core::MonoTime time, size_t threads, core::MonoTime step = std::chrono::milliseconds(250)) {
    for (core::MonoTime passed{}; passed < time; passed += step) {
      AwaitIdle(threads);
      Jump(step);
    }
    AwaitIdle(threads);
  }

 private:
  struct Waiter {
    std::condition_variable* wakeup;
    std::mutex* mutex;
    std::optional<core::MonoTime> until;
    bool woken = false;  // By Jump, and has not gone on yet.
  };
  mutable std::mutex mutex_;
  mutable std::condition_variable idle_;
  mutable std::list<Waiter> waiters_;
  core::Now now_{.mono = std::chrono::seconds(1000), .wall = std::chrono::seconds(1700000000)};
};

}  // namespace basin::server::runtime
