#include "server/core/model.h"

#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "proto/contract/workload_size.h"

namespace basin::server::core {

absl::StatusOr<std::shared_ptr<const SweepDefinition>> SweepDefinition::Create(v1::SweepSpec spec) {
  absl::StatusOr<std::shared_ptr<const contract::Space>> space = contract::Space::Create(spec);
  if (!space.ok()) return space.status();
  auto definition = std::make_shared<SweepDefinition>();
  definition->space = *std::move(space);
  definition->configs = definition->space->size();
  definition->seeds = contract::SeedCount(spec.seeds());
  definition->maximize = spec.objective().goal_case() == v1::Objective::kMaximize;
  definition->objective_metric = definition->maximize ? spec.objective().maximize() : spec.objective().minimize();
  definition->objective_at_best = spec.objective().at() == v1::Objective::AT_BEST;
  const v1::Limits& limits = spec.limits();
  if (limits.has_max_attempts()) definition->max_attempts = limits.max_attempts();
  if (limits.has_max_parallel()) definition->max_parallel = limits.max_parallel();
  if (limits.has_trial_seconds()) {
    definition->trial_time_limit = MonoTime(static_cast<int64_t>(std::llround(limits.trial_seconds() * 1e9)));
  }
  definition->workload_bytes = contract::MostWorkloadBytes(spec);
  definition->spec = std::move(spec);
  return definition;
}

uint64_t& TrialCounts::Of(TrialState state) {
  switch (state) {
    case TrialState::kPending:
      return pending;
    case TrialState::kRunning:
      return running;
    case TrialState::kSucceeded:
      return succeeded;
    case TrialState::kDiverged:
      return diverged;
    case TrialState::kPruned:
      return pruned;
    case TrialState::kFailed:
      return failed;
    case TrialState::kCancelled:
      break;
  }
  return cancelled;
}

std::string ToText(const TrialKey& key) { return absl::StrCat(key.sweep, "/", key.index); }

std::string Outcome::Identity() const {
  std::string text = absl::StrCat(static_cast<int>(kind));
  for (const std::string* part : {&message, &weights_digest, &data_digest, &engine_fingerprint}) {
    absl::StrAppend(&text, ";", part->size(), ":", *part);
  }
  return text;
}

}  // namespace basin::server::core
