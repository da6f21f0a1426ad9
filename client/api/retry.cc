#include "client/api/retry.h"

#include <algorithm>

namespace basin::client::api {

double Backoff::Next() {
  const double wait = base_seconds_ * (1 - random_() / 2);
  base_seconds_ = std::min(base_seconds_ * 2, 2.0);
  waited_seconds_ += wait;
  return waited_seconds_ > patience_seconds_ ? -1 : wait;
}

}  // namespace basin::client::api
