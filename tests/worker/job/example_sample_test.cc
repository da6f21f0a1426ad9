#include "worker/job/example_sample.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::worker::job {
namespace {

constexpr int32_t kStride = 16;

// A thousand examples of ten classes, one class after another; each one's first feature is its number.
class ExampleSampleTest : public testing::Test {
 protected:
  ExampleSampleTest() : rows_(1000 * kStride) {
    for (int32_t i = 0; i < 1000; ++i) {
      rows_[static_cast<size_t>(i) * kStride] = static_cast<float>(i);
      labels_.push_back(i / 100);
    }
  }
  train::Examples Sorted() const { return {rows_.data(), labels_.data(), 1000, 1, kStride}; }

  train::AlignedBuffer<float> rows_;
  std::vector<int32_t> labels_;
};

TEST_F(ExampleSampleTest, HasAllClassesOfSortedData) {
  const ExampleSample sample(Sorted(), 200);
  ASSERT_EQ(sample.view().count, 200);
  std::vector<int> of_class(10);
  float last = -1;
  for (int i = 0; i < 200; ++i) {
    const float number = sample.view().features[i * kStride];
    EXPECT_GT(number, last) << "each once, in their order";
    last = number;
    EXPECT_EQ(sample.view().labels[i], static_cast<int32_t>(number) / 100);
    ++of_class[static_cast<size_t>(sample.view().labels[i])];
  }
  EXPECT_THAT(of_class, testing::Each(testing::AllOf(testing::Gt(5), testing::Lt(40))));
}

TEST_F(ExampleSampleTest, IsTheSameForAllWhoAsk) {
  const ExampleSample one(Sorted(), 50), other(Sorted(), 50);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(one.view().features[i * kStride], other.view().features[i * kStride]);
}

TEST_F(ExampleSampleTest, OfAllIsThePartItself) {
  for (const std::optional<uint64_t> most : {std::optional<uint64_t>(), {1000}, {1'000'000}}) {
    const ExampleSample sample(Sorted(), most);
    EXPECT_EQ(sample.view().features, rows_.data());
    EXPECT_EQ(sample.view().count, 1000);
    EXPECT_EQ(sample.bytes(), 0u);
  }
}

}  // namespace
}  // namespace basin::worker::job
