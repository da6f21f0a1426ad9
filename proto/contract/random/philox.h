#pragma once

#include <array>
#include <cstdint>

namespace basin::contract {

// Philox 4x32-10, a counter-based generator (Salmon et al. 2011): word i of a stream is a function of (key, stream, i)
// alone, so that no stream depends on another's consumption and any position is reached in constant time.
std::array<uint32_t, 4> Philox4x32(const std::array<uint32_t, 4>& counter, const std::array<uint32_t, 2>& key);

// One stream a purpose; numbers are part of the engine's results and never change meaning.
enum class RandomPurpose : uint32_t {
  kInitialization = 1,
  kShuffle = 2,
  kDropout = 3,
  kAugmentation = 4,
  kDirections = 5,
  kSplit = 6,
  kLabelNoise = 7,
  kSyntheticData = 8,
  kStart = 9,           // Of a descent on a surface.
  kGradientNoise = 10,  // A substream a step.
  kNormOrder = 11,      // In which order averaged weights see the training part for their batch norms.
  kSample = 12,         // Which examples stand for a part.
};

// The words of stream (seed, purpose, substream), in order. `substream` separates layers, epochs, ... of one purpose.
class RandomStream {
 public:
  RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t substream);

  // Words 4 * block .. 4 * block + 3 of the stream. REQUIRES: block < 2^56.
  static std::array<uint32_t, 4> Block(uint64_t seed, RandomPurpose purpose, uint64_t substream, uint64_t block);

  uint32_t NextWord();
  // Uniform in [0, bound), without bias. REQUIRES: bound > 0.
  uint64_t NextBelow(uint64_t bound);
  // Uniform in [0, 1), 53 bits.
  double NextUniform();
  // Standard normal, by arithmetic that is the same on every machine. Every second call takes words (Box-Muller).
  double NextNormal();

 private:
  uint64_t NextDoubleWord();

  uint64_t seed_;
  uint32_t purpose_;
  uint64_t substream_;
  uint64_t block_ = 0;
  int used_ = 4;
  std::array<uint32_t, 4> words_{};
  bool has_spare_normal_ = false;
  double spare_normal_ = 0;
};

}  // namespace basin::contract
