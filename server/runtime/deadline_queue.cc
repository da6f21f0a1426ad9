#include "server/runtime/deadline_queue.h"

namespace basin::server::runtime {

DeadlineQueue::DeadlineQueue(const Clock* clock) : clock_(clock), thread_([this] { Run(); }) {}

DeadlineQueue::~DeadlineQueue() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wakeup_.notify_all();
  }
  thread_.join();
}

uint64_t DeadlineQueue::Schedule(core::MonoTime at, std::function<void()> function) {
  std::lock_guard lock(mutex_);
  const uint64_t id = ++last_id_;
  const auto place = waiting_.emplace(std::pair(at, id), std::move(function)).first;
  times_.emplace(id, at);
  if (place == waiting_.begin()) wakeup_.notify_all();
  return id;
}

void DeadlineQueue::Cancel(uint64_t id) {
  std::lock_guard lock(mutex_);
  const auto time = times_.find(id);
  if (time == times_.end()) return;
  waiting_.erase({time->second, id});
  times_.erase(time);
}

void DeadlineQueue::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      clock_->Wait(wakeup_, lock, {});
      continue;
    }
    const auto first = waiting_.begin();
    const auto [at, id] = first->first;
    if (clock_->Read().mono < at) {
      clock_->Wait(wakeup_, lock, at);
      continue;
    }
    const std::function<void()> function = std::move(first->second);
    waiting_.erase(first);
    times_.erase(id);
    lock.unlock();
    function();
    lock.lock();
  }
}

}  // namespace basin::server::runtime
