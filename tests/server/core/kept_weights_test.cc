// Which weights stay of a sweep that keeps those of its best trials.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "server/core/best_trials.h"
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

// Seven values, each of some trials.
constexpr uint64_t kTrials = 3 * kBestTrials;
double LossOf(uint64_t index) { return static_cast<double>(index * index % 7); }

// Indices of the best ones of these trials, by sorting.
std::set<uint64_t> BestOf(std::vector<uint64_t> trials, bool maximize = false) {
  std::ranges::sort(trials, {},
                    [maximize](uint64_t index) { return std::pair(maximize ? -LossOf(index) : LossOf(index), index); });
  trials.resize(std::min<size_t>(trials.size(), kBestTrials));
  return {trials.begin(), trials.end()};
}

std::vector<uint64_t> SomeOrder(uint32_t seed) {
  std::vector<uint64_t> order(kTrials);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::shuffle(order, std::mt19937(seed));
  return order;
}

TEST(KeptWeightsTest, InAnyOrderOfEndsTheyAreThoseOfTheBestTrialsSoFar) {
  for (const bool maximize : {false, true}) {
    for (uint32_t seed = 0; seed < 20; ++seed) {
      Keeper keeper(kTrials, maximize ? SweepBuilder().Maximize("val_loss") : SweepBuilder());
      std::vector<uint64_t> ended;
      for (const uint64_t index : SomeOrder(seed)) {
        keeper.Report({Keeper::Ended(index, LossOf(index))});
        ended.push_back(index);
        ASSERT_EQ(keeper.kept, BestOf(ended, maximize)) << "seed " << seed << " after " << ended.size();
      }
    }
  }
}

TEST(KeptWeightsTest, TrialsThatEndInOneReportAreComparedWithEachOther) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Keeper keeper(kTrials);
    std::vector<TrialReport> reports;
    for (const uint64_t index : SomeOrder(seed)) reports.push_back(Keeper::Ended(index, LossOf(index)));
    keeper.Report(std::move(reports));
    EXPECT_EQ(keeper.kept, BestOf(SomeOrder(seed)));
  }
}

TEST(KeptWeightsTest, ALeaseSaysWhatAnObjectiveHasToReach) {
  for (const v1::Keep::Weights keep : {v1::Keep::WEIGHTS_BEST, v1::Keep::WEIGHTS_ALL}) {
    Scheduler scheduler;
    scheduler.Create("s", SweepBuilder().Keep(keep).Configs(kTrials).Build());
    scheduler.Register("w", kTrials);
    for (uint64_t index = 0; index < kBestTrials; ++index) {
      const auto lease = scheduler.Lease("w", 1).at(0);
      EXPECT_EQ(lease.weights_bar, std::nullopt);
      scheduler.Succeed("w", lease.key, 1, 0.5 + static_cast<double>(index));
    }
    const auto expected = keep == v1::Keep::WEIGHTS_BEST ? std::optional(9.5) : std::nullopt;
    EXPECT_EQ(scheduler.Lease("w", 1, "call").at(0).weights_bar, expected);
    EXPECT_EQ(scheduler.Lease("w", 1, "call").at(0).weights_bar, expected) << "in a repeated answer";
  }
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
