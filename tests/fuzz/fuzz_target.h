#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

// What every target defines: takes any bytes, and neither crashes, nor hangs, nor breaks what it requires below.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace basin::tests::fuzz {

inline std::string_view TextOf(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// Ends the process, as a crash does, unless it holds.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace basin::tests::fuzz
