#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

namespace basin::tests {

// By how much everything is slower here than usual: BASIN_TEST_SLOWNESS, which the presets with sanitizers set, or 1.
inline int Slowness() {
  const char* slowness = std::getenv("BASIN_TEST_SLOWNESS");
  return slowness == nullptr ? 1 : std::max(1, std::atoi(slowness));
}

// Looks every few milliseconds until `condition` holds; false if it does not within `limit` times Slowness().
inline bool Eventually(const std::function<bool()>& condition,
                       std::chrono::steady_clock::duration limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit * Slowness();
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace basin::tests
