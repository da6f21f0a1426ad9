#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/core/snapshot.h"

namespace basin::server::core {

// So many are known of each sweep, and have their weights kept where `keep: {weights: best}` is asked for.
constexpr size_t kBestTrials = 10;

// The last of the best trials: what is worse can't be one of them. Nothing while anything can.
inline const RankedTrial* BarOf(const std::vector<RankedTrial>& ranked) {
  return ranked.size() < kBestTrials ? nullptr : &ranked.back();
}

// The best of a sweep's SUCCEEDED trials so far. Which they are does not depend on the order in which trials end.
struct BestTrials {
  bool maximize = false;
  std::vector<RankedTrial> ranked;  // As SweepRecord::best.

  static BestTrials Of(const SweepRecord& sweep) { return {sweep.maximize, sweep.best}; }

  // Whether a trial that ends with this objective, or without any, is one of them.
  bool Admit(uint64_t index, const std::optional<double>& objective) const;

  // A trial has ended with a result. Returns the one that is not among them because of it: one that was, or that trial
  // itself; nothing while there are fewer than kBestTrials.
  std::optional<uint64_t> Add(uint64_t index, const std::optional<double>& objective);

 private:
  bool Before(const RankedTrial& a, const RankedTrial& b) const;
};

}  // namespace basin::server::core
