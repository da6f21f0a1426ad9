#pragma once

#include <cstdint>

#include "server/core/model.h"

namespace basin::tests::simulation {

// Mixes 64 bits (SplitMix64's finalizer): equal everywhere, unlike the standard library's distributions.
inline uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// All randomness of a run comes from its seed.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(Mix(seed)) {}
  uint64_t Next() { return Mix(state_ += 0x9e3779b97f4a7c15); }
  // 0 .. n-1; 0 if n is 0.
  uint64_t Below(uint64_t n) { return n == 0 ? 0 : Next() % n; }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  bool Chance(double p) { return Unit() < p; }
  server::core::MonoTime Between(server::core::MonoTime low, server::core::MonoTime high) {
    return low + server::core::MonoTime(static_cast<int64_t>(Below(static_cast<uint64_t>((high - low).count()) + 1)));
  }
  // An independent stream.
  Dice Fork() { return Dice(Next()); }

 private:
  uint64_t state_;
};

}  // namespace basin::tests::simulation
