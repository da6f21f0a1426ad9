#pragma once

#include <cstddef>

#include "worker/train/thread_pool.h"

namespace basin::worker::train {

// Calls task(begin, end) for ranges that cover 0 .. count - 1, in parallel if there is work enough: each of the items
// stands for so many elements of a vector. `pool` may be null.
template <typename Task>
void ForRanges(ThreadPool* pool, size_t count, size_t elements_of_item, const Task& task) {
  // A fork and join costs as much as these elements do.
  constexpr size_t kForkElements = 32768;
  if (pool == nullptr || pool->threads() == 1 || count < 2 || count * elements_of_item < kForkElements) {
    task(size_t{0}, count);
    return;
  }
  const auto threads = static_cast<size_t>(pool->threads());
  pool->Run([&](int index) {
    const size_t begin = count * static_cast<size_t>(index) / threads;
    const size_t end = count * (static_cast<size_t>(index) + 1) / threads;
    if (begin < end) task(begin, end);
  });
}

// The same for the elements themselves, in ranges that stay in the first-level cache.
template <typename Task>
void ForElements(ThreadPool* pool, size_t count, const Task& task) {
  constexpr size_t kBlock = 4096;
  ForRanges(pool, (count + kBlock - 1) / kBlock, kBlock, [&](size_t first, size_t last) {
    for (size_t block = first; block < last; ++block) {
      task(block * kBlock, block * kBlock + kBlock < count ? block * kBlock + kBlock : count);
    }
  });
}

}  // namespace basin::worker::train
