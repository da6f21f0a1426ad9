#pragma once

#include <optional>
#include <string>

#include "server/core/best_trials.h"
#include "server/core/event.h"
#include "server/core/model.h"

// Results that trials take over from others (SweepSpec.reuse), instead of being computed again.
namespace basin::server::core {

// By which the config of one sweep is found to be that of another: the digest of its workload; empty when no two runs
// of it need agree.
std::string ReuseDigest(const SweepDefinition& sweep, uint64_t config);

// How trial `index` of `sweep`, whose best ones so far are `best`, ends with this result: state, objective, message,
// and what it keeps of it. Nothing when what the sweep wants is not in it: its best value of a metric where only the
// last is known, or weights where those of all trials are wanted. Of the best ones those that there are do.
std::optional<TrialReused> TakeOver(const SweepDefinition& sweep, const BestTrials& best, uint64_t index,
                                    const KnownResult& result);

}  // namespace basin::server::core
