#include "worker/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::worker::data {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Class c has counts[c] examples, in turns.
std::vector<int32_t> Labels(std::vector<int> counts) {
  std::vector<int32_t> labels;
  for (bool more = true; more;) {
    more = false;
    for (size_t c = 0; c < counts.size(); ++c) {
      if (counts[c]-- > 0) {
        labels.push_back(static_cast<int32_t>(c));
        more = true;
      }
    }
  }
  return labels;
}

std::map<int32_t, int> ClassCounts(const std::vector<int32_t>& labels, const std::vector<int64_t>& part) {
  std::map<int32_t, int> counts;
  for (const int64_t i : part) ++counts[labels[static_cast<size_t>(i)]];
  return counts;
}

TEST(StratifiedSplitTest, EveryExampleGoesToOnePart) {
  const std::vector<int32_t> labels = Labels({100, 57, 230});
  const Split split = StratifiedSplit(labels, 3, 0.1, 0.2, 0);
  std::set<int64_t> all;
  for (const auto* part : {&split.train, &split.validation, &split.test}) {
    EXPECT_TRUE(std::is_sorted(part->begin(), part->end()));
    all.insert(part->begin(), part->end());
  }
  EXPECT_EQ(split.train.size() + split.validation.size() + split.test.size(), labels.size());
  EXPECT_EQ(all.size(), labels.size());
  EXPECT_EQ(*all.rbegin(), 386);
}

TEST(StratifiedSplitTest, PartsHaveTheirShareAndClassesToo) {
  const std::vector<int> counts = {100, 57, 230, 13};
  const std::vector<int32_t> labels = Labels(counts);
  const Split split = StratifiedSplit(labels, 4, 0.15, 0.25, 0);
  EXPECT_THAT(split.validation, SizeIs(60));
  EXPECT_THAT(split.test, SizeIs(100));
  for (size_t c = 0; c < counts.size(); ++c) {
    const int32_t label = static_cast<int32_t>(c);
    EXPECT_LT(std::fabs(ClassCounts(labels, split.validation)[label] - 0.15 * counts[c]), 1) << c;
    EXPECT_LT(std::fabs(ClassCounts(labels, split.test)[label] - 0.25 * counts[c]), 1) << c;
  }
}

TEST(StratifiedSplitTest, WithoutATestFractionThereIsNoTestPart) {
  const Split split = StratifiedSplit(Labels({50, 50}), 2, 0.1, 0, 0);
  EXPECT_THAT(split.test, IsEmpty());
  EXPECT_THAT(split.validation, SizeIs(10));
  EXPECT_THAT(split.train, SizeIs(90));
}

TEST(StratifiedSplitTest, RareClassesAreInEveryPart) {
  const std::vector<int32_t> labels = Labels({1000, 3});
  const Split split = StratifiedSplit(labels, 2, 0.1, 0.1, 0);
  EXPECT_EQ(ClassCounts(labels, split.train)[1], 1);
  EXPECT_EQ(ClassCounts(labels, split.validation)[1], 1);
  EXPECT_EQ(ClassCounts(labels, split.test)[1], 1);
}

TEST(StratifiedSplitTest, ClassesTooSmallForAllPartsAreTrainedOn) {
  const std::vector<int32_t> labels = Labels({100, 1, 2});
  const Split split = StratifiedSplit(labels, 3, 0.49, 0.49, 0);
  EXPECT_EQ(ClassCounts(labels, split.train)[1], 1);
  EXPECT_EQ(ClassCounts(labels, split.train)[2], 1);
}

TEST(StratifiedSplitTest, TheSeedAloneDecides) {
  const std::vector<int32_t> labels = Labels({100, 100});
  EXPECT_EQ(StratifiedSplit(labels, 2, 0.1, 0.1, 5).train, StratifiedSplit(labels, 2, 0.1, 0.1, 5).train);
  EXPECT_NE(StratifiedSplit(labels, 2, 0.1, 0.1, 5).train, StratifiedSplit(labels, 2, 0.1, 0.1, 6).train);
}

TEST(StratifiedSplitTest, TheTestPartDoesNotDependOnTheValidationFraction) {
  const std::vector<int32_t> labels = Labels({100, 100});
  EXPECT_EQ(StratifiedSplit(labels, 2, 0.1, 0.1, 5).test, StratifiedSplit(labels, 2, 0.3, 0.1, 5).test);
}

// Recorded: a split is part of every result on it.
TEST(StratifiedSplitTest, IsTheRecordedOne) {
  const Split split = StratifiedSplit(Labels({20, 10}), 2, 0.1, 0.1, 0);
  EXPECT_THAT(split.validation, ElementsAre(5, 18, 23));
  EXPECT_THAT(split.test, ElementsAre(0, 19, 28));
}

}  // namespace
}  // namespace basin::worker::data
