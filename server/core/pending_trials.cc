#include "server/core/pending_trials.h"

namespace basin::server::core {

PendingTrials::PendingTrials(const SweepEntry& sweep, uint64_t look_ahead)
    : sweep_(sweep),
      look_ahead_(look_ahead),
      total_(sweep.record.configs * sweep.record.seeds),
      queued_(sweep.queued.begin()),
      skipped_(sweep.skipped.begin()),
      next_index_(sweep.next_index),
      behind_(sweep.skipped.size()) {}

std::optional<QueuedTrial> PendingTrials::Next(const std::function<bool(uint64_t index)>& runnable) {
  while (true) {
    const bool has_queued = queued_ != sweep_.queued.end() && queued_refused_ < look_ahead_;
    const bool has_skipped = skipped_ != sweep_.skipped.end();
    if (has_queued && (!has_skipped || queued_->first < *skipped_)) {
      const QueuedTrial& trial = (queued_++)->second;
      if (runnable(trial.key.index)) return trial;
      ++queued_refused_;
    } else if (has_skipped) {
      const uint64_t index = *skipped_++;
      if (!runnable(index)) continue;
      --behind_;
      return QueuedTrial{{sweep_.record.id, index}, 0, 0};
    } else {
      if (next_index_ >= total_) return std::nullopt;
      if (runnable(next_index_)) return QueuedTrial{{sweep_.record.id, next_index_++}, 0, 0};
      if (behind_ >= look_ahead_) return std::nullopt;
      ++behind_;
      ++next_index_;
    }
  }
}

}  // namespace basin::server::core
