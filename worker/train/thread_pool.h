#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace basin::worker::train {

// A few threads for fork and join inside one training step. Between two forks that follow closely the threads spin,
// later they sleep. One owner at a time: Run is called from one thread.
class ThreadPool {
 public:
  // `threads` counts the caller's: 1 starts none.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Calls task(i) for i = 0 .. threads() - 1, each on a thread of its own, 0 on the caller's; returns when all have
  // returned. `task` throws nothing.
  template <typename Task>
  void Run(const Task& task) {
    if (workers_.empty()) {
      task(0);
      return;
    }
    Start([](const void* context, int index) { (*static_cast<const Task*>(context))(index); }, &task);
    task(0);
    Join();
  }

 private:
  using Call = void (*)(const void* context, int index);
  void Start(Call call, const void* context);
  void Join();
  void Serve(int index);

  Call call_ = nullptr;
  const void* context_ = nullptr;
  bool quit_ = false;
  alignas(64) std::atomic<uint32_t> round_{0};
  alignas(64) std::atomic<uint32_t> busy_{0};
  std::vector<std::thread> workers_;
};

}  // namespace basin::worker::train
