#pragma once

#include <map>
#include <memory>
#include <string>

#include "server/core/model.h"
#include "tests/simulation/dice.h"

namespace basin::tests::simulation {

// How trials behave, as a pure function of trial and attempt, so that the checker can compute what each report must
// hold.
struct Work {
  server::core::MonoTime epoch = std::chrono::seconds(1);  // Mean time of one.
  uint64_t epochs = 4;
  double diverges = 0;  // Of trials.
  double poisoned = 0;  // Of trials: every attempt is an error.
  double invalid = 0;   // Of trials.
  double error = 0;     // Of attempts.
  double hangs = 0;     // Of attempts; only where a time limit ends them.
  double saves = 0;     // Of epochs: a checkpoint is made after them.
};

struct Plan {
  uint64_t epochs = 1;
  server::core::MonoTime epoch{};
  server::core::OutcomeKind end = server::core::OutcomeKind::kSucceeded;
  bool hangs = false;
  double saves = 0;
};

Plan PlanOf(const Work& work, const server::core::TrialKey& key, uint32_t attempt);

// Point `sequence` of an attempt.
server::core::Point PointOf(const server::core::TrialKey& key, uint32_t attempt, uint64_t sequence);

// What the worker says at the end: it names trial, attempt and worker, so that a result in the wrong place is seen.
server::core::Outcome OutcomeOf(server::core::OutcomeKind kind, const server::core::TrialKey& key, uint32_t attempt,
                                const server::core::WorkerId& worker);

// A checkpoint that an attempt makes after so many points; its digest names all of that.
server::core::Artifact CheckpointOf(const server::core::TrialKey& key, uint32_t attempt, uint64_t points);
inline constexpr uint64_t kPointsPerEpoch = 2;

std::string Text(const server::core::TrialKey& key, uint32_t attempt);

// By the sweep's name.
using Works = std::map<std::string, Work>;

// A sweep of the run, and how its trials behave.
std::shared_ptr<const server::core::SweepDefinition> DrawSweep(const std::string& name, Dice& dice, Work* work);

}  // namespace basin::tests::simulation
