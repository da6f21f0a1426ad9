#include "worker/agent/backoff.h"

#include "gtest/gtest.h"

namespace basin::worker::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(BackoffTest, DoublesUpToItsBound) {
  Backoff backoff(7, milliseconds(100), seconds(5));
  MonoTime whole = milliseconds(100);
  for (int i = 0; i < 20; ++i) {
    const MonoTime wait = backoff.Next();
    EXPECT_GE(wait, whole / 2) << "try " << i;
    EXPECT_LE(wait, whole) << "try " << i;
    whole = std::min<MonoTime>(seconds(5), whole * 2);
  }
}

TEST(BackoffTest, NeverExceedsWhatTheCallerAllows) {
  Backoff backoff(7, milliseconds(100), seconds(5));
  for (int i = 0; i < 20; ++i) {
    const MonoTime wait = backoff.Next(milliseconds(300));
    EXPECT_LE(wait, milliseconds(300)) << "try " << i;
    EXPECT_GE(wait, milliseconds(i < 2 ? 50 : 150)) << "try " << i;
  }
}

TEST(BackoffTest, StartsAnewAfterASuccess) {
  Backoff backoff(7, milliseconds(100), seconds(5));
  for (int i = 0; i < 10; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), milliseconds(100));
}

TEST(BackoffTest, TwoWorkersDoNotWaitAlike) {
  Backoff a(1), b(2);
  EXPECT_NE(a.Next(), b.Next());
}

}  // namespace
}  // namespace basin::worker::agent
