#include "proto/contract/random/philox.h"

#include <array>
#include <cmath>
#include <set>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace basin::contract {
namespace {

using Block = std::array<uint32_t, 4>;

// The published known answers of Philox 4x32-10: Random123, tests/kat_vectors.
TEST(PhiloxTest, GivesThePublishedAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStreamTest, WordsAreTheBlocksOfItsCounterInOrder) {
  RandomStream stream(0x1122334455667788, RandomPurpose::kShuffle, 0x99aabbccddeeff00);
  for (uint32_t block = 0; block < 3; ++block) {
    const Block expected = Philox4x32({block, 2u << 24, 0xddeeff00, 0x99aabbcc}, {0x55667788, 0x11223344});
    for (const uint32_t word : expected) EXPECT_EQ(stream.NextWord(), word);
  }
}

TEST(RandomStreamTest, SeedPurposeAndSubstreamEachMakeAnotherStream) {
  std::set<std::tuple<uint32_t, uint32_t>> beginnings;
  int streams = 0;
  for (const uint64_t seed : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32}) {
    for (uint32_t purpose = 1; purpose <= 6; ++purpose) {
      for (const uint64_t substream : {uint64_t{0}, uint64_t{1}, uint64_t{1} << 32, uint64_t{1} << 63}) {
        RandomStream stream(seed, static_cast<RandomPurpose>(purpose), substream);
        const uint32_t first = stream.NextWord();
        beginnings.emplace(first, stream.NextWord());
        ++streams;
      }
    }
  }
  EXPECT_EQ(static_cast<int>(beginnings.size()), streams);
}

TEST(RandomStreamTest, NextBelowStaysBelowAndReachesEveryValue) {
  RandomStream stream(3, RandomPurpose::kSplit, 0);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(stream.NextBelow(7));
  EXPECT_EQ(seen, (std::set<uint64_t>{0, 1, 2, 3, 4, 5, 6}));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stream.NextBelow(1), 0u);
}

// 3/4 of 2^32 (and of 2^64): by plain modulo, or by multiplication without rejection, a third of the values would come
// up twice as often as the others.
TEST(RandomStreamTest, NextBelowHasNoBiasAtLargeBounds) {
  for (const uint64_t bound : {uint64_t{3} << 30, uint64_t{3} << 62}) {
    RandomStream stream(5, RandomPurpose::kSplit, bound);
    constexpr int kDraws = 60000;
    std::array<int, 3> thirds{};
    std::array<int, 3> remainders{};
    for (int i = 0; i < kDraws; ++i) {
      const uint64_t value = stream.NextBelow(bound);
      ASSERT_LT(value, bound);
      ++thirds[value / (bound / 3)];
      ++remainders[value % 3];
    }
    // Standard deviation of a count is 115.
    for (const int count : thirds) EXPECT_NEAR(count, kDraws / 3, 600) << bound;
    for (const int count : remainders) EXPECT_NEAR(count, kDraws / 3, 600) << bound;
  }
}

TEST(RandomStreamTest, NextBelowTakesDoubleWordsBeyond32Bits) {
  RandomStream stream(6, RandomPurpose::kSplit, 0);
  uint64_t largest = 0;
  for (int i = 0; i < 100; ++i) largest = std::max(largest, stream.NextBelow(UINT64_MAX));
  EXPECT_GT(largest, UINT64_MAX / 10 * 9);
}

TEST(RandomStreamTest, NextUniformFillsTheUnitIntervalEvenly) {
  RandomStream stream(7, RandomPurpose::kInitialization, 0);
  constexpr int kDraws = 100000;
  std::array<int, 20> bins{};
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.NextUniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    ++bins[static_cast<int>(u * bins.size())];
  }
  double chi_square = 0;
  for (const int count : bins) chi_square += (count - 5000.0) * (count - 5000.0) / 5000;
  EXPECT_LT(chi_square, 43.8);  // 19 degrees of freedom, p = 0.001.
}

TEST(RandomStreamTest, NextNormalHasTheMomentsAndTailsOfTheNormal) {
  RandomStream stream(8, RandomPurpose::kInitialization, 0);
  constexpr int kDraws = 200000;
  double sum = 0, squares = 0, cubes = 0, fourths = 0, neighbours = 0, previous = 0;
  int beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double z = stream.NextNormal();
    ASSERT_TRUE(std::isfinite(z));
    sum += z;
    squares += z * z;
    cubes += z * z * z;
    fourths += z * z * z * z;
    neighbours += z * previous;
    previous = z;
    beyond_two += std::fabs(z) > 2;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.01);
  EXPECT_NEAR(squares / kDraws, 1, 0.015);
  EXPECT_NEAR(cubes / kDraws, 0, 0.04);
  EXPECT_NEAR(fourths / kDraws, 3, 0.1);
  EXPECT_NEAR(neighbours / kDraws, 0, 0.01);
  EXPECT_NEAR(static_cast<double>(beyond_two) / kDraws, 0.0455, 0.002);
}

// Recorded: these numbers decide initial weights and data order, and never change.
TEST(RandomStreamTest, ValuesAreTheRecordedOnes) {
  RandomStream stream(42, RandomPurpose::kInitialization, 7);
  EXPECT_EQ(stream.NextWord(), 4285467586u);
  EXPECT_EQ(stream.NextBelow(1000), 285u);
  EXPECT_EQ(stream.NextBelow(uint64_t{1} << 40), 729380226961u);
  EXPECT_EQ(stream.NextUniform(), 0x1.27c615a2d7f4p-3);
  EXPECT_EQ(stream.NextNormal(), -0x1.8fa3441ac4cadp+1);
  EXPECT_EQ(stream.NextNormal(), 0x1.193ff7efbf68p+0);
}

TEST(RandomStreamDeathTest, RefusesAnEmptyRange) {
  RandomStream stream(1, RandomPurpose::kSplit, 0);
  EXPECT_DEATH(stream.NextBelow(0), "bound");
}

}  // namespace
}  // namespace basin::contract
