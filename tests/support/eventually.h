#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace basin::tests {

// Looks every few milliseconds until `condition` holds; false if it does not within `limit`.
inline bool Eventually(const std::function<bool()>& condition,
                       std::chrono::steady_clock::duration limit = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace basin::tests
