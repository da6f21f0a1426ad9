#pragma once

#include <cstdint>
#include <random>

#include "worker/agent/clock.h"

namespace basin::worker::agent {

// How long to wait before the next try: doubles from `first` to `most`, each time a random part between a half and the
// whole of it, so that workers that lost the same server do not come back all at once.
class Backoff {
 public:
  explicit Backoff(uint64_t seed, MonoTime first = std::chrono::milliseconds(100),
                   MonoTime most = std::chrono::seconds(5))
      : first_(first), most_(most), next_(first), random_(seed) {}

  // The wait after one more failure; of `most` at most, here and now.
  MonoTime Next(MonoTime most = MonoTime::max());
  // After a success.
  void Reset() { next_ = first_; }

 private:
  MonoTime first_, most_, next_;
  std::mt19937_64 random_;
};

}  // namespace basin::worker::agent
