#include "worker/job/shared_results.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"

namespace basin::worker::job {
namespace {

using Made = absl::StatusOr<std::shared_ptr<const std::string>>;

class SharedResultsTest : public testing::Test {
 protected:
  Made Get(const std::string& key, const JobControl* control = nullptr) {
    return results_.Get(key, control, [this, &key]() -> Made {
      ++made_;
      return std::make_shared<const std::string>(key);
    });
  }

  SharedResults<std::string> results_{10, [](const std::string& result) { return result.size(); }};
  std::atomic<int> made_{0};
};

TEST_F(SharedResultsTest, AreMadeOnceForAKey) {
  EXPECT_EQ(*Get("abc"), *Get("abc"));
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(**Get("def"), "def");
  EXPECT_EQ(made_, 2);
}

TEST_F(SharedResultsTest, WhatIsNotAskedForMakesRoom) {
  Get("abcde").IgnoreError();
  Get("fghij").IgnoreError();
  Get("abcde").IgnoreError();
  Get("klmno").IgnoreError();  // In the place of fghij, the longest not asked for.
  EXPECT_EQ(made_, 3);
  Get("abcde").IgnoreError();
  EXPECT_EQ(made_, 3);
  Get("fghij").IgnoreError();
  EXPECT_EQ(made_, 4);
}

TEST_F(SharedResultsTest, LargerThanAllRoomAreGivenButNotKept) {
  EXPECT_EQ(**Get("a very long one"), "a very long one");
  Get("a very long one").IgnoreError();
  EXPECT_EQ(made_, 2);
}

TEST_F(SharedResultsTest, AFaultIsNotKept) {
  EXPECT_FALSE(results_.Get("x", nullptr, []() -> Made { return absl::InternalError("fault"); }).ok());
  EXPECT_TRUE(Get("x").ok());
}

TEST_F(SharedResultsTest, AnExceptionLeavesTheKeyFree) {
  EXPECT_THROW(results_.Get("x", nullptr, []() -> Made { throw std::bad_alloc(); }).IgnoreError(), std::bad_alloc);
  EXPECT_TRUE(Get("x").ok());
}

// A maker that is under way until it is let go.
class Slow {
 public:
  explicit Slow(SharedResults<std::string>* results) {
    thread_ = std::thread([this, results] {
      results
          ->Get("x", nullptr,
                [this]() -> Made {
                  begun_ = true;
                  begun_.notify_all();
                  go_.wait(false);
                  return std::make_shared<const std::string>("slow");
                })
          .IgnoreError();
    });
    begun_.wait(false);
  }
  void Finish() {
    go_ = true;
    go_.notify_all();
    thread_.join();
  }

 private:
  std::atomic<bool> begun_{false}, go_{false};
  std::thread thread_;
};

TEST_F(SharedResultsTest, WhoAsksMeanwhileWaitsForIt) {
  Slow slow(&results_);
  Made other = absl::InternalError("");
  std::thread waiter([&] { other = Get("x"); });
  EXPECT_TRUE(Get("y").ok());  // Another key does not wait.
  slow.Finish();
  waiter.join();
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(**other, "slow");
  EXPECT_EQ(made_, 1);  // Of y.
}

TEST_F(SharedResultsTest, AStopEndsTheWaiting) {
  Slow slow(&results_);
  JobControl control;
  control.Stop();
  EXPECT_TRUE(absl::IsCancelled(Get("x", &control).status()));
  slow.Finish();
}

}  // namespace
}  // namespace basin::worker::job
