#include "server/runtime/deadline_queue.h"

#include <future>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/runtime/fake_clock.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class DeadlineQueueTest : public testing::Test {
 protected:
  core::MonoTime In(int s) { return clock_.Read().mono + seconds(s); }
  void Pass(int s) {
    clock_.AwaitIdle(1);
    clock_.Jump(seconds(s));
    clock_.AwaitIdle(1);
  }
  FakeClock clock_;
  std::vector<int> ran_;
  DeadlineQueue queue_{&clock_};
};

TEST_F(DeadlineQueueTest, FunctionsRunInTheOrderOfTheirTimes) {
  queue_.Schedule(In(2), [this] { ran_.push_back(2); });
  queue_.Schedule(In(1), [this] { ran_.push_back(1); });
  queue_.Schedule(In(9), [this] { ran_.push_back(9); });
  Pass(3);
  EXPECT_THAT(ran_, ElementsAre(1, 2));
}

TEST_F(DeadlineQueueTest, ACancelledFunctionDoesNotRun) {
  const uint64_t id = queue_.Schedule(In(1), [this] { ran_.push_back(1); });
  queue_.Cancel(id);
  Pass(2);
  EXPECT_THAT(ran_, IsEmpty());
}

TEST_F(DeadlineQueueTest, WhatIsDueRunsOnTheQueuesThread) {
  std::promise<std::thread::id> thread;
  queue_.Schedule(core::MonoTime::min(), [&] { thread.set_value(std::this_thread::get_id()); });
  EXPECT_NE(thread.get_future().get(), std::this_thread::get_id());
}

TEST_F(DeadlineQueueTest, AFunctionMaySchedule) {
  std::promise<void> done;
  queue_.Schedule(core::MonoTime::min(), [&] { queue_.Schedule(core::MonoTime::min(), [&] { done.set_value(); }); });
  done.get_future().get();
}

}  // namespace
}  // namespace basin::server::runtime
