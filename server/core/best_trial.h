#pragma once

#include <cstdint>
#include <optional>

#include "server/core/snapshot.h"

namespace basin::server::core {

// The best of a sweep's SUCCEEDED trials so far; of equal ones that with the lowest index.
struct BestTrial {
  bool maximize = false;
  std::optional<uint64_t> index;
  std::optional<double> objective;

  static BestTrial Of(const SweepRecord& sweep);

  // Whether a trial that ends with this objective, or without any, becomes the best one.
  bool IsBeatenBy(uint64_t other, const std::optional<double>& others_objective) const;

  // A trial has ended with a result. The one of the two that is not the best: the former best, or that trial; nothing
  // if it is the first.
  std::optional<uint64_t> Compare(uint64_t other, const std::optional<double>& others_objective);
};

}  // namespace basin::server::core
