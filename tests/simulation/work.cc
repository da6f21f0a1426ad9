#include "tests/simulation/work.h"

#include "absl/strings/str_cat.h"
#include "tests/support/sweep_builder.h"

namespace basin::tests::simulation {

using server::core::MonoTime;
using server::core::Outcome;
using server::core::OutcomeKind;
using server::core::Point;
using server::core::SweepDefinition;
using server::core::TrialKey;
using server::core::WorkerId;

namespace {

Dice DiceOf(const TrialKey& key, uint64_t attempt) {
  uint64_t seed = key.index * 1000003 + attempt;
  for (const char c : key.sweep) seed = Mix(seed ^ static_cast<unsigned char>(c));
  return Dice(seed);
}

}  // namespace

Plan PlanOf(const Work& work, const TrialKey& key, uint32_t attempt) {
  Dice of_trial = DiceOf(key, 0);
  Dice of_attempt = DiceOf(key, attempt);
  Plan plan;
  plan.epochs = 1 + of_trial.Below(work.epochs);
  plan.epoch = of_trial.Between(work.epoch / 2, work.epoch * 3 / 2);
  if (of_trial.Chance(work.diverges)) plan.end = OutcomeKind::kDiverged;
  if (of_trial.Chance(work.poisoned) || of_attempt.Chance(work.error)) plan.end = OutcomeKind::kError;
  if (of_trial.Chance(work.invalid)) plan.end = OutcomeKind::kInvalid;
  plan.hangs = of_attempt.Chance(work.hangs);
  plan.saves = work.saves;
  return plan;
}

Point PointOf(const TrialKey& key, uint32_t attempt, uint64_t sequence) {
  Dice dice = DiceOf(key, attempt * 7919 + sequence);
  return {sequence % 2 == 0 ? "val_loss" : "train_loss", sequence, dice.Unit(), static_cast<double>(sequence), attempt};
}

Outcome OutcomeOf(OutcomeKind kind, const TrialKey& key, uint32_t attempt, const WorkerId& worker) {
  Outcome outcome;
  outcome.kind = kind;
  outcome.message = "ended";
  outcome.weights_digest = absl::StrCat(Text(key, attempt), "@", worker);
  return outcome;
}

server::core::Artifact CheckpointOf(const TrialKey& key, uint32_t attempt, uint64_t points) {
  return {server::core::ArtifactKind::kCheckpoint, "checkpoint", points / kPointsPerEpoch, 1,
          absl::StrCat(Text(key, attempt), "@", points)};
}

std::string Text(const TrialKey& key, uint32_t attempt) {
  return absl::StrCat(key.sweep, "/", key.index, "#", attempt);
}

std::shared_ptr<const SweepDefinition> DrawSweep(const std::string& name, Dice& dice, Work* work) {
  SweepBuilder builder;
  builder.Name(name).Configs(1 + dice.Below(12)).Seeds(1 + dice.Below(3)).MaxAttempts(1 + dice.Below(4));
  if (dice.Chance(0.3)) builder.MaxParallel(1 + dice.Below(4));
  if (dice.Chance(0.3)) builder.Priority(static_cast<int32_t>(dice.Below(3)));
  if (dice.Chance(0.3)) builder.AtBest();
  if (dice.Chance(0.5)) builder.DatasetOf([](uint64_t config) { return config % 3 == 1 ? "mnist" : "digits"; });
  if (dice.Chance(0.3)) builder.Reuse();
  if (dice.Chance(0.3)) builder.Keep(v1::Keep::WEIGHTS_BEST);
  work->epochs = 1 + dice.Below(6);
  work->epoch = dice.Between(std::chrono::milliseconds(100), std::chrono::seconds(3));
  if (dice.Chance(0.3)) work->diverges = 0.2;
  if (dice.Chance(0.3)) work->poisoned = 0.1;
  if (dice.Chance(0.1)) work->invalid = 0.05;
  if (dice.Chance(0.4)) work->error = 0.2;
  if (dice.Chance(0.7)) work->saves = 0.5;
  if (dice.Chance(0.3)) {
    builder.TrialSeconds(40);
    work->hangs = 0.1;
  }
  return builder.Build();
}

}  // namespace basin::tests::simulation
