#include "worker/train/thread_pool.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace basin::worker::train {
namespace {

TEST(ThreadPoolTest, EachIndexRunsOnceARound) {
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool pool(threads);
    ASSERT_EQ(pool.threads(), threads);
    std::vector<int> runs(static_cast<size_t>(threads));
    for (int round = 1; round <= 2000; ++round) {
      pool.Run([&](int index) { ++runs[static_cast<size_t>(index)]; });
      for (const int count : runs) ASSERT_EQ(count, round);
    }
  }
}

TEST(ThreadPoolTest, TheCallerRunsIndexZero) {
  ThreadPool pool(3);
  std::thread::id ids[3];
  pool.Run([&](int index) { ids[index] = std::this_thread::get_id(); });
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  EXPECT_NE(ids[1], ids[0]);
  EXPECT_NE(ids[1], ids[2]);
}

TEST(ThreadPoolTest, WakesThreadsThatSleep) {
  ThreadPool pool(2);
  std::atomic<int> runs{0};
  for (int round = 0; round < 5; ++round) {
    // Long enough for the other thread to stop spinning.
    for (int i = 0; i < 2000; ++i) std::this_thread::yield();
    pool.Run([&](int) { ++runs; });
  }
  EXPECT_EQ(runs, 10);
}

TEST(ThreadPoolTest, EndsWithoutHavingRun) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(4);
}

}  // namespace
}  // namespace basin::worker::train
