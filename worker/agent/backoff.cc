#include "worker/agent/backoff.h"

#include <algorithm>

namespace basin::worker::agent {

MonoTime Backoff::Next(MonoTime most) {
  const MonoTime whole = std::min(next_, most);
  next_ = std::min(most_, next_ * 2);
  return whole / 2 + MonoTime(std::uniform_int_distribution<int64_t>(0, (whole / 2).count())(random_));
}

}  // namespace basin::worker::agent
