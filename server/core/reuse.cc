#include "server/core/reuse.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "proto/contract/canonical.h"

namespace basin::server::core {

std::string ReuseDigest(const SweepDefinition& sweep, uint64_t config) {
  const v1::Workload workload = sweep.space->Resolve(config);
  return contract::IsRepeatable(workload) ? contract::CanonicalDigest(workload) : std::string();
}

std::optional<TrialReused> TakeOver(const SweepDefinition& sweep, const BestTrials& best, uint64_t index,
                                    const KnownResult& result) {
  TrialReused reused;
  reused.result = result;
  reused.message = result.outcome.message;
  reused.result.weights.reset();
  if (result.outcome.kind == OutcomeKind::kDiverged) {
    reused.state = TrialState::kDiverged;
    return reused;
  }
  if (sweep.objective_at_best) {
    const bool same = result.objective_at_best && result.maximize == sweep.maximize &&
                      result.objective_metric == sweep.objective_metric;
    if (!same) return std::nullopt;
    reused.objective = result.objective;
  } else {
    const auto last = result.metrics.find(sweep.objective_metric);
    if (last == result.metrics.end()) return std::nullopt;
    if (std::isfinite(last->second)) reused.objective = last->second;
  }
  if (!reused.objective) {
    reused.state = TrialState::kDiverged;
    reused.message = absl::StrCat("'", sweep.objective_metric, "' is not finite");
    return reused;
  }
  const v1::Keep::Weights keep = sweep.spec.keep().weights();
  if (keep == v1::Keep::WEIGHTS_ALL && !result.weights) return std::nullopt;
  if (keep == v1::Keep::WEIGHTS_ALL || (keep == v1::Keep::WEIGHTS_BEST && best.Admit(index, reused.objective))) {
    reused.result.weights = result.weights;
  }
  return reused;
}

}  // namespace basin::server::core
