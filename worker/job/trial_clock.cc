#include "worker/job/trial_clock.h"

#include <chrono>

namespace basin::worker::job {

std::function<double()> SecondsFromNow() {
  return [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
}

}  // namespace basin::worker::job
