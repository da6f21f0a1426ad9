#pragma once

#include <optional>
#include <string>

#include "server/core/best_trial.h"
#include "server/core/event.h"
#include "server/core/model.h"

// Results that trials take over from others (SweepSpec.reuse), instead of being computed again.
namespace basin::server::core {

// By which the config of one sweep is found to be that of another: the digest of its workload; empty when no two runs
// of it need agree.
std::string ReuseDigest(const SweepDefinition& sweep, uint64_t config);

// How trial `index` of `sweep`, whose best one so far is `best`, ends with this result: state, objective, message, and
// what it keeps of it. Nothing when what the sweep wants is not in it: its best value of a metric where only the last
// is known, or weights that were not kept.
std::optional<TrialReused> TakeOver(const SweepDefinition& sweep, const BestTrial& best, uint64_t index,
                                    const KnownResult& result);

}  // namespace basin::server::core
