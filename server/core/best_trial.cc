#include "server/core/best_trial.h"

#include <utility>

#include "server/core/progress.h"

namespace basin::server::core {

BestTrial BestTrial::Of(const SweepRecord& sweep) { return {sweep.maximize, sweep.best_trial, sweep.best_objective}; }

bool BestTrial::IsBeatenBy(uint64_t other, const std::optional<double>& others_objective) const {
  if (!others_objective) return false;
  return !objective || Better(maximize, *others_objective, *objective) ||
         (*others_objective == *objective && other < *index);
}

std::optional<uint64_t> BestTrial::Compare(uint64_t other, const std::optional<double>& others_objective) {
  if (!IsBeatenBy(other, others_objective)) return other;
  objective = others_objective;
  return std::exchange(index, other);
}

}  // namespace basin::server::core
