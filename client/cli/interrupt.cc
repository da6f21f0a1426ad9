#include "client/cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace basin::client::cli {
namespace {

constexpr char kSignal = 's';
constexpr char kEnd = 'e';
std::atomic<int> g_write_end{-1};

void OnSignal(int) {
  const int saved = errno;
  const int descriptor = g_write_end.load();
  // A full pipe loses nothing: it holds thousands of signals not yet read.
  if (descriptor >= 0 && write(descriptor, &kSignal, 1) < 0) {
  }
  errno = saved;
}

}  // namespace

Interrupt::Interrupt(std::function<void(int count)> on_signal) : on_signal_(std::move(on_signal)) {
  if (pipe2(pipe_, O_CLOEXEC) != 0) std::abort();
  fcntl(pipe_[1], F_SETFL, O_NONBLOCK);
  reader_ = std::thread([this] { Read(); });
  g_write_end = pipe_[1];
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

Interrupt::~Interrupt() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  g_write_end = -1;
  while (write(pipe_[1], &kEnd, 1) < 0 && errno == EINTR) {
  }
  reader_.join();
  close(pipe_[0]);
  close(pipe_[1]);
}

void Interrupt::Read() {
  char byte = 0;
  while (true) {
    const ssize_t got = read(pipe_[0], &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == kEnd) return;
    int count;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      count = ++count_;
    }
    on_signal_(count);
    changed_.notify_all();
  }
}

bool Interrupt::requested() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return count_ > 0;
}

bool Interrupt::WaitFor(double seconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::duration<double>(seconds), [this] { return count_ > 0; });
}

}  // namespace basin::client::cli
