#pragma once

#include <functional>
#include <map>
#include <utility>

#include "server/core/model.h"

namespace basin::tests::simulation {

// Virtual time: what is due first happens first, and of things due at once the one that was asked for first.
class Timeline {
 public:
  server::core::MonoTime now() const { return now_; }
  void After(server::core::MonoTime delay, std::function<void()> action) {
    due_.emplace(std::pair(now_ + delay, serial_++), std::move(action));
  }
  // Does the next thing; false when nothing is due ever.
  bool Step() {
    if (due_.empty()) return false;
    const auto first = due_.begin();
    now_ = first->first.first;
    const std::function<void()> action = std::move(first->second);
    due_.erase(first);
    action();
    return true;
  }

 private:
  server::core::MonoTime now_{};
  uint64_t serial_ = 0;
  std::map<std::pair<server::core::MonoTime, uint64_t>, std::function<void()>> due_;
};

}  // namespace basin::tests::simulation
