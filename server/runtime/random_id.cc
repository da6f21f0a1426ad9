#include "server/runtime/random_id.h"

#include <random>

namespace basin::server::runtime {
namespace {

// At most 12 characters of 5 bits.
std::string RandomText(size_t characters, const RandomBits& random) {
  static constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  uint64_t bits = random();
  std::string text(characters, '?');
  for (char& character : text) {
    character = kAlphabet[bits & 31];
    bits >>= 5;
  }
  return text;
}

}  // namespace

RandomBits SystemRandomBits() {
  return [] {
    thread_local std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) | device();
  };
}

core::SweepId FreshSweepId(const core::State& state, const RandomBits& random) {
  while (true) {
    core::SweepId id = RandomText(8, random);
    if (state.FindSweep(id) == nullptr) return id;
  }
}

core::WorkerId FreshWorkerId(const core::State& state, const RandomBits& random) {
  while (true) {
    core::WorkerId id = "w-" + RandomText(12, random);
    if (state.FindWorker(id) == nullptr) return id;
  }
}

}  // namespace basin::server::runtime
