#include "worker/data/embedded_digits.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

TEST(EmbeddedDigitsTest, AreTheBytesOfTheCommittedFile) {
  std::ifstream file(BASIN_SOURCE_DIR "/worker/data/digits/digits.csv.gz", std::ios::binary);
  const std::string committed{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ASSERT_FALSE(committed.empty());
  EXPECT_EQ(EmbeddedDigitsFile(), committed);
}

TEST(EmbeddedDigitsTest, AreTheKnownImages) {
  const RawDataset digits = LoadEmbeddedDigits();
  EXPECT_EQ(digits.name, "digits");
  EXPECT_EQ(digits.digest, "46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a");
  EXPECT_EQ(digits.train.labels.size(), 1797u);
  EXPECT_EQ(digits.feature_count, 64);
  EXPECT_EQ(digits.image, (train::ImageShape{8, 8, 1}));
  EXPECT_EQ(digits.feature_scale, 1.0f / 16);
  EXPECT_TRUE(digits.test.labels.empty());
  std::array<int, 10> counts{};
  for (const int32_t label : digits.train.labels) ++counts.at(static_cast<size_t>(label));
  EXPECT_THAT(counts, testing::ElementsAre(178, 182, 177, 183, 181, 182, 181, 179, 174, 180));
  const auto [low, high] = std::minmax_element(FloatsOf(digits.train).begin(), FloatsOf(digits.train).end());
  EXPECT_EQ(*low, 0);
  EXPECT_EQ(*high, 16);
}

}  // namespace
}  // namespace basin::worker::data
