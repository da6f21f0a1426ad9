#pragma once

#include <algorithm>
#include <list>

#include "worker/agent/clock.h"

namespace basin::worker::agent {

// A clock that stands still until a test moves it.
class FakeClock : public Clock {
 public:
  MonoTime Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }

  void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, MonoTime deadline) override {
    std::list<Waiter>::iterator self;
    {
      const std::lock_guard own(mutex_);
      if (now_ >= deadline) return;
      self = waiters_.insert(waiters_.end(), {lock.mutex(), &changed, deadline});
      arrived_.notify_all();
    }
    changed.wait(lock);
    const std::lock_guard own(mutex_);
    waiters_.erase(self);
  }

  // Blocks until some thread waits for a time to come; the earliest such time.
  MonoTime AwaitDeadline() {
    std::unique_lock lock(mutex_);
    MonoTime earliest{};
    arrived_.wait(lock, [&] {
      earliest = MonoTime::max();
      for (const Waiter& waiter : waiters_) {
        if (waiter.deadline > now_) earliest = std::min(earliest, waiter.deadline);
      }
      return earliest != MonoTime::max();
    });
    return earliest;
  }

  void AdvanceTo(MonoTime now) {
    std::list<Waiter> waiters;
    {
      const std::lock_guard lock(mutex_);
      now_ = now;
      waiters = waiters_;
    }
    for (const Waiter& waiter : waiters) {
      const std::lock_guard lock(*waiter.mutex);
      waiter.changed->notify_all();
    }
  }

 private:
  struct Waiter {
    std::mutex* mutex;
    std::condition_variable* changed;
    MonoTime deadline;
  };
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  MonoTime now_ = std::chrono::hours(1);
  std::list<Waiter> waiters_;
};

}  // namespace basin::worker::agent
