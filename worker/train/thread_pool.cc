#include "worker/train/thread_pool.h"

#include <immintrin.h>

namespace basin::worker::train {
namespace {

// About 20 microseconds: longer than the serial part of a step, shorter than a time slice that others could use.
constexpr int kSpins = 500;

// Waits until `value` is no longer `old`.
void AwaitChange(const std::atomic<uint32_t>& value, uint32_t old) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
    _mm_pause();
  }
  while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  for (int i = 1; i < threads; ++i) {
    workers_.emplace_back([this, i] { Serve(i); });
  }
}

ThreadPool::~ThreadPool() {
  quit_ = true;
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::Start(Call call, const void* context) {
  call_ = call;
  context_ = context;
  busy_.store(static_cast<uint32_t>(workers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
}

void ThreadPool::Join() {
  uint32_t busy = busy_.load(std::memory_order_acquire);
  while (busy != 0) {
    AwaitChange(busy_, busy);
    busy = busy_.load(std::memory_order_acquire);
  }
}

void ThreadPool::Serve(int index) {
  uint32_t round = 0;
  while (true) {
    AwaitChange(round_, round);
    ++round;  // The next round starts only after this one has been joined, so that none is missed.
    if (quit_) return;
    call_(context_, index);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

}  // namespace basin::worker::train
