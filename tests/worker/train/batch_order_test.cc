#include "worker/train/batch_order.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"

namespace basin::worker::train {
namespace {

std::vector<uint32_t> Epoch(BatchOrder& order, uint64_t epoch) {
  std::vector<uint32_t> all;
  for (int64_t i = 0; i < order.batches_per_epoch(); ++i) {
    const auto batch = order.Batch(epoch, i);
    all.insert(all.end(), batch.begin(), batch.end());
  }
  return all;
}
std::vector<uint32_t> Range(uint32_t count) {
  std::vector<uint32_t> all(count);
  std::iota(all.begin(), all.end(), 0u);
  return all;
}

TEST(BatchOrderTest, EveryExampleComesOnceAnEpoch) {
  BatchOrder order(1, 103, 10, false);
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<uint32_t> all = Epoch(order, epoch);
    EXPECT_NE(all, Range(103));
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, Range(103));
  }
}

TEST(BatchOrderTest, TheLastBatchIsShort) {
  BatchOrder order(1, 103, 10, false);
  EXPECT_EQ(order.batches_per_epoch(), 11);
  EXPECT_EQ(order.Batch(0, 9).size(), 10u);
  EXPECT_EQ(order.Batch(0, 10).size(), 3u);
}

TEST(BatchOrderTest, DropLastLeavesTheShortBatchOut) {
  BatchOrder order(1, 103, 10, true);
  EXPECT_EQ(order.batches_per_epoch(), 10);
  EXPECT_EQ(Epoch(order, 0).size(), 100u);
}

TEST(BatchOrderTest, EpochsAndSeedsHaveOrdersOfTheirOwn) {
  BatchOrder one(1, 50, 1, false), other(2, 50, 1, false);
  EXPECT_NE(Epoch(one, 0), Epoch(one, 1));
  EXPECT_NE(Epoch(one, 0), Epoch(other, 0));
}

TEST(BatchOrderTest, AnEpochsOrderDoesNotDependOnThoseBefore) {
  BatchOrder straight(9, 64, 16, false), late(9, 64, 16, false);
  Epoch(straight, 0);
  Epoch(straight, 1);
  EXPECT_EQ(Epoch(straight, 2), Epoch(late, 2));
}

TEST(BatchOrderTest, AFullBatchKeepsTheExamplesOrder) {
  BatchOrder order(1, 20, 20, false);
  EXPECT_EQ(order.batches_per_epoch(), 1);
  EXPECT_EQ(Epoch(order, 5), Range(20));
}

TEST(BatchOrderTest, EveryPlaceIsReachedEquallyOften) {
  BatchOrder order(4, 5, 1, false);
  int counts[5][5] = {};
  for (uint64_t epoch = 0; epoch < 5000; ++epoch) {
    const std::vector<uint32_t> all = Epoch(order, epoch);
    for (int place = 0; place < 5; ++place) ++counts[all[place]][place];
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 1000, 150);  // Over five standard deviations.
  }
}

}  // namespace
}  // namespace basin::worker::train
