#pragma once

#include <functional>

namespace basin::client::api {

// Waits between tries of one call: 0.1 s, doubling up to 2 s, each shortened at random by up to a half so that clients
// that lost the same server do not come back together.
class Backoff {
 public:
  // `random` gives numbers in [0, 1).
  Backoff(double patience_seconds, std::function<double()> random)
      : patience_seconds_(patience_seconds), random_(std::move(random)) {}

  // Seconds to wait before the next try; negative once the waits together would exceed the patience.
  double Next();

 private:
  const double patience_seconds_;
  const std::function<double()> random_;
  double base_seconds_ = 0.1;
  double waited_seconds_ = 0;
};

}  // namespace basin::client::api
