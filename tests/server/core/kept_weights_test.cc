// Which weights stay of a sweep that keeps those of its best trial.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <vector>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::LossAt;
using tests::Scheduler;
using tests::SweepBuilder;

// A sweep whose trials run on one worker; follows what the events do to weights.
class Keeper {
 public:
  explicit Keeper(uint64_t trials, SweepBuilder sweep = SweepBuilder()) {
    scheduler.Create("s", sweep.Keep(v1::Keep::WEIGHTS_BEST).Configs(trials).Build());
    scheduler.Register("w", static_cast<uint32_t>(trials));
    scheduler.Lease("w", static_cast<uint32_t>(trials));
  }

  static TrialReport Ended(uint64_t index, double loss, OutcomeKind kind = OutcomeKind::kSucceeded) {
    TrialReport report;
    report.key = {"s", index};
    report.attempt = 1;
    report.points = {LossAt(1, loss)};
    report.outcome.emplace().kind = kind;
    return report;
  }
  void Report(std::vector<TrialReport> reports) {
    for (const TrialReport& report : reports) {
      const Artifact file{ArtifactKind::kWeights, "weights.safetensors", 1, 100, "sha"};
      EXPECT_TRUE(scheduler.Do(AddWeights{"w", report.key, 1, file}).ok());
      uploaded.insert(report.key.index);
    }
    EXPECT_TRUE(scheduler.Do(core::Report{"w", std::move(reports)}).ok());
    for (const TrialFinished& end : scheduler.EventsOf<TrialFinished>()) {
      const bool is_result = end.state == TrialState::kSucceeded || end.state == TrialState::kDiverged;
      if (is_result && uploaded.contains(end.key.index)) kept.insert(end.key.index);
    }
    for (const WeightsDropped& dropped : scheduler.EventsOf<WeightsDropped>()) {
      EXPECT_EQ(kept.erase(dropped.key.index), 1u) << "dropped twice";
    }
  }

  Scheduler scheduler;
  std::set<uint64_t> uploaded, kept;
};

TEST(KeptWeightsTest, InAnyOrderOfEndsTheyAreThoseOfTheBestTrialSoFar) {
  const std::vector<double> losses = {0.5, 0.25, 0.25, 0.75};
  std::vector<uint64_t> order = {0, 1, 2, 3};
  do {
    Keeper keeper(4);
    for (const uint64_t index : order) {
      keeper.Report({Keeper::Ended(index, losses[index])});
      EXPECT_THAT(keeper.kept, ElementsAre(*keeper.scheduler.sweep("s").best_trial));
    }
    EXPECT_THAT(keeper.kept, ElementsAre(1)) << "of equal ones that with the lowest index";
  } while (std::ranges::next_permutation(order).found);
}

TEST(KeptWeightsTest, TrialsThatEndInOneReportAreComparedWithEachOther) {
  std::vector<uint64_t> order = {0, 1, 2};
  do {
    Keeper keeper(3);
    std::vector<TrialReport> reports;
    for (const uint64_t index : order) {
      reports.push_back(Keeper::Ended(index, 1 - 0.25 * static_cast<double>(index)));
    }
    keeper.Report(reports);
    EXPECT_THAT(keeper.kept, ElementsAre(2));
  } while (std::ranges::next_permutation(order).found);
}

TEST(KeptWeightsTest, AreThoseOfTheGreatestValueWhereThatIsBest) {
  Keeper keeper(2, SweepBuilder().Maximize("val_loss"));
  keeper.Report({Keeper::Ended(0, 0.25), Keeper::Ended(1, 0.5)});
  EXPECT_THAT(keeper.kept, ElementsAre(1));
}

TEST(KeptWeightsTest, NeverAreOfATrialThatDivergedOrFailed) {
  Keeper keeper(5, SweepBuilder().MaxAttempts(1));
  keeper.Report({Keeper::Ended(0, 0.1, OutcomeKind::kDiverged)});
  EXPECT_THAT(keeper.kept, IsEmpty());
  keeper.Report({Keeper::Ended(1, std::numeric_limits<double>::infinity())});
  EXPECT_THAT(keeper.kept, IsEmpty());
  keeper.Report({Keeper::Ended(2, 0.1, OutcomeKind::kError)});
  EXPECT_THAT(keeper.kept, IsEmpty());
  keeper.Report({Keeper::Ended(3, 0.5)});
  keeper.Report({Keeper::Ended(4, 0.1, OutcomeKind::kDiverged)});
  EXPECT_THAT(keeper.kept, ElementsAre(3));
}

TEST(KeptWeightsTest, StayInASweepThatKeepsAll) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Keep(v1::Keep::WEIGHTS_ALL).Build());
  scheduler.Register("w", 2);
  scheduler.Lease("w", 2);
  scheduler.Succeed("w", {"s", 0}, 1, 0.5);
  scheduler.Succeed("w", {"s", 1}, 1, 0.25);
  EXPECT_THAT(scheduler.EventsOf<WeightsDropped>(), IsEmpty());
}

}  // namespace
}  // namespace basin::server::core
