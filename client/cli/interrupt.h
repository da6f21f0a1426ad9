#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace basin::client::cli {

// While one lives, SIGINT and SIGTERM no longer end the process; they are counted here. At most one at a time.
class Interrupt {
 public:
  // Calls `on_signal` on a thread of its own with the number of the signal: 1 for the first, 2 for the second, ...
  explicit Interrupt(std::function<void(int count)> on_signal);
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool requested() const;
  // Waits for a signal, at most `seconds`; true if one has come, now or before.
  bool WaitFor(double seconds);

 private:
  void Read();

  const std::function<void(int)> on_signal_;
  int pipe_[2];
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  std::thread reader_;
};

}  // namespace basin::client::cli
