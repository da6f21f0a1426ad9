#include "proto/contract/random/philox.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "proto/contract/portable_math/portable_math.h"

namespace basin::contract {
namespace {

__extension__ using uint128 = unsigned __int128;

constexpr uint32_t LowWord(uint64_t value) { return static_cast<uint32_t>(value); }
constexpr uint32_t HighWord(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

// A purpose shares its counter word with the block number's 24 high bits.
constexpr int kPurposeShift = 24;

}  // namespace

std::array<uint32_t, 4> Philox4x32(const std::array<uint32_t, 4>& counter, const std::array<uint32_t, 2>& key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53;
  constexpr uint64_t kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9;
  constexpr uint32_t kWeyl1 = 0xBB67AE85;
  std::array<uint32_t, 4> c = counter;
  uint32_t key0 = key[0];
  uint32_t key1 = key[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * c[0];
    const uint64_t product1 = kMultiplier1 * c[2];
    c = {HighWord(product1) ^ c[1] ^ key0, LowWord(product1), HighWord(product0) ^ c[3] ^ key1, LowWord(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t substream)
    : seed_(seed), purpose_(static_cast<uint32_t>(purpose)), substream_(substream) {
  if (purpose_ == 0 || purpose_ > 255) {
    std::fprintf(stderr, "RandomStream: purpose %u is not in 1..255\n", purpose_);
    std::abort();
  }
}

std::array<uint32_t, 4> RandomStream::Block(uint64_t seed, RandomPurpose purpose, uint64_t substream, uint64_t block) {
  return Philox4x32({LowWord(block), HighWord(block) | static_cast<uint32_t>(purpose) << kPurposeShift,
                     LowWord(substream), HighWord(substream)},
                    {LowWord(seed), HighWord(seed)});
}

uint32_t RandomStream::NextWord() {
  if (used_ == 4) {
    words_ = Block(seed_, static_cast<RandomPurpose>(purpose_), substream_, block_);
    ++block_;
    used_ = 0;
  }
  return words_[used_++];
}

uint64_t RandomStream::NextDoubleWord() {
  const uint64_t low = NextWord();
  return low | static_cast<uint64_t>(NextWord()) << 32;
}

// Lemire 2019, "Fast random integer generation in an interval": the high half of word * bound is uniform once those
// words are refused whose low half falls into the 2^n mod bound surplus values.
uint64_t RandomStream::NextBelow(uint64_t bound) {
  if (bound == 0) {
    std::fprintf(stderr, "RandomStream::NextBelow: the bound is 0\n");
    std::abort();
  }
  if (bound <= UINT32_MAX) {
    const uint32_t bound32 = static_cast<uint32_t>(bound);
    uint64_t product = uint64_t{NextWord()} * bound32;
    if (LowWord(product) < bound32) {
      const uint32_t surplus = (0u - bound32) % bound32;
      while (LowWord(product) < surplus) product = uint64_t{NextWord()} * bound32;
    }
    return HighWord(product);
  }
  uint128 product = static_cast<uint128>(NextDoubleWord()) * bound;
  if (static_cast<uint64_t>(product) < bound) {
    const uint64_t surplus = (uint64_t{0} - bound) % bound;
    while (static_cast<uint64_t>(product) < surplus) product = static_cast<uint128>(NextDoubleWord()) * bound;
  }
  return static_cast<uint64_t>(product >> 64);
}

double RandomStream::NextUniform() { return static_cast<double>(NextDoubleWord() >> 11) * 0x1p-53; }

// Box & Muller 1958: two uniforms give two independent normals; the second waits for the next call.
double RandomStream::NextNormal() {
  if (has_spare_normal_) {
    has_spare_normal_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2 * PortableLog(1 - NextUniform()));  // 1 - u is in (0, 1], and exact.
  const double angle = 2 * NextUniform();
  spare_normal_ = radius * PortableSinPi(angle);
  has_spare_normal_ = true;
  return radius * PortableCosPi(angle);
}

}  // namespace basin::contract
