#include "server/core/best_trials.h"

#include <algorithm>

#include "server/core/progress.h"

namespace basin::server::core {

bool BestTrials::Before(const RankedTrial& a, const RankedTrial& b) const {
  return a.objective == b.objective ? a.index < b.index : Better(maximize, a.objective, b.objective);
}

bool BestTrials::Admit(uint64_t index, const std::optional<double>& objective) const {
  const RankedTrial* bar = BarOf(ranked);
  return objective && (bar == nullptr || Before({index, *objective}, *bar));
}

std::optional<uint64_t> BestTrials::Add(uint64_t index, const std::optional<double>& objective) {
  if (!Admit(index, objective)) return index;
  const RankedTrial added{index, *objective};
  ranked.insert(std::ranges::upper_bound(ranked, added, [this](const auto& a, const auto& b) { return Before(a, b); }),
                added);
  if (ranked.size() <= kBestTrials) return std::nullopt;
  const uint64_t left_out = ranked.back().index;
  ranked.pop_back();
  return left_out;
}

}  // namespace basin::server::core
