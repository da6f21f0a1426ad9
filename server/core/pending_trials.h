#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>

#include "server/core/state.h"

namespace basin::server::core {

// Walks the PENDING trials of a sweep in index order, without ever listing them: those queued again, those passed over
// earlier, then those never reached. Seeds are the outermost loop of the index, so a sweep stopped half-way has
// compared all configs.
//
// The entry must outlive the walk and not change during it.
class PendingTrials {
 public:
  // Passes over at most `look_ahead` queued trials, and leaves at most `look_ahead` unreached ones behind.
  PendingTrials(const SweepEntry& sweep, uint64_t look_ahead);

  // The next trial of which `runnable` holds; nothing when there is none within reach.
  std::optional<QueuedTrial> Next(const std::function<bool(uint64_t index)>& runnable);

  // How many never leased trials the walk has left behind, if all that it gave are leased or end.
  uint64_t behind() const { return behind_; }

 private:
  const SweepEntry& sweep_;
  const uint64_t look_ahead_;
  const uint64_t total_;
  std::map<uint64_t, QueuedTrial>::const_iterator queued_;
  std::set<uint64_t>::const_iterator skipped_;
  uint64_t next_index_;
  uint64_t queued_refused_ = 0;
  uint64_t behind_;  // Never leased, below next_index_.
};

}  // namespace basin::server::core
