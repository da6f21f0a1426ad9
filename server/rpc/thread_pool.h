#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace basin::server::rpc {

// A fixed number of threads for work that may take long, so that neither gRPC's threads nor the coordinator's loop wait
// for it. Thread-safe.
class ThreadPool {
 public:
  ThreadPool(size_t threads, size_t max_waiting);
  // Finishes all that waits.
  ~ThreadPool();

  // False: too much waits; the work was not taken.
  bool Post(std::function<void()> work);

 private:
  void Run();

  const size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool stopping_ = false;
  std::deque<std::function<void()>> waiting_;
  std::vector<std::thread> threads_;
};

}  // namespace basin::server::rpc
