#include "client/cli/loss_barrier.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace basin::client::cli {
namespace {

TEST(LossBarrierTest, IsTheGreatestRiseAboveTheLineBetweenTheEnds) {
  const std::vector<double> alphas = {0, 0.25, 0.5, 0.75, 1}, losses = {1, 1.5, 4, 2, 3};
  const Barrier barrier = BarrierOf(alphas, losses);
  EXPECT_DOUBLE_EQ(barrier.height, 2);
  EXPECT_DOUBLE_EQ(barrier.alpha, 0.5);
  EXPECT_EQ(BarrierOf(alphas, std::vector<double>{3, 2, 1, 1, 3}).height, 0);
}

TEST(LossBarrierTest, WhatLiesBeyondTheEndsDoesNotCount) {
  const std::vector<double> alphas = {-1, 0, 0.5, 1, 2};
  const Barrier barrier = BarrierOf(alphas, std::vector<double>{100, 1, 3, 2, 100});
  EXPECT_DOUBLE_EQ(barrier.height, 1.5);
  EXPECT_DOUBLE_EQ(barrier.alpha, 0.5);
}

TEST(LossBarrierTest, ALossThatIsNotFiniteIsAnInfiniteOne) {
  const Barrier barrier = BarrierOf(std::vector<double>{0, 0.5, 1}, std::vector<double>{1, std::nan(""), 1});
  EXPECT_TRUE(std::isinf(barrier.height));
  EXPECT_EQ(barrier.alpha, 0.5);
}

}  // namespace
}  // namespace basin::client::cli
