#include "client/api/retry.h"

#include "gtest/gtest.h"

namespace basin::client::api {
namespace {

TEST(BackoffTest, DoublesUpToTwoSeconds) {
  Backoff backoff(1000, [] { return 0.0; });
  EXPECT_DOUBLE_EQ(backoff.Next(), 0.1);
  EXPECT_DOUBLE_EQ(backoff.Next(), 0.2);
  EXPECT_DOUBLE_EQ(backoff.Next(), 0.4);
  for (int i = 0; i < 5; ++i) backoff.Next();
  EXPECT_DOUBLE_EQ(backoff.Next(), 2);
}

TEST(BackoffTest, JitterTakesUpToAHalf) {
  Backoff backoff(1000, [] { return 0.9999999; });
  EXPECT_NEAR(backoff.Next(), 0.05, 1e-6);
}

TEST(BackoffTest, EndsWhenPatienceIsUsedUp) {
  Backoff backoff(0.35, [] { return 0.0; });
  EXPECT_GT(backoff.Next(), 0);
  EXPECT_GT(backoff.Next(), 0);
  EXPECT_LT(backoff.Next(), 0);
}

}  // namespace
}  // namespace basin::client::api
