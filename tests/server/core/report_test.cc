#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using tests::LossAt;
using tests::Scheduler;
using tests::SweepBuilder;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const TrialKey kFirst{"s", 0};

// A sweep whose first trial runs on worker "w".
class ReportTest : public ::testing::Test {
 protected:
  void Start(const SweepBuilder& builder = {}) {
    scheduler_.Create("s", builder.Build());
    scheduler_.Register("w");
    ASSERT_THAT(scheduler_.Lease("w"), SizeIs(1));
  }
  ReportReply::Result Points(uint64_t first, std::vector<Point> points, std::optional<OutcomeKind> kind = {}) {
    TrialReport report{kFirst, 1, first, std::move(points), std::nullopt, std::nullopt};
    if (kind) report.outcome.emplace().kind = *kind;
    return scheduler_.Report("w", report);
  }
  const TrialCounts& counts() const { return scheduler_.sweep("s").counts; }

  Scheduler scheduler_;
};

TEST_F(ReportTest, PointsAreAppendedInOrder) {
  Start();
  EXPECT_EQ(Points(0, {LossAt(1, 3), LossAt(2, 2)}).next_sequence, 2u);
  EXPECT_EQ(Points(2, {LossAt(3, 1)}).next_sequence, 3u);
  EXPECT_EQ(scheduler_.EventsOf<PointsAppended>().at(0).first_sequence, 2u);
}

TEST_F(ReportTest, KnownPrefixIsDropped) {
  Start();
  Points(0, {LossAt(1, 3), LossAt(2, 2)});
  EXPECT_EQ(Points(1, {LossAt(2, 2), LossAt(3, 1)}).next_sequence, 3u);
  const auto event = scheduler_.EventsOf<PointsAppended>().at(0);
  ASSERT_THAT(event.points, SizeIs(1));
  EXPECT_EQ(event.points[0].step, 3u);
}

TEST_F(ReportTest, RepeatedPointsChangeNothing) {
  Start();
  Points(0, {LossAt(1, 3)});
  EXPECT_EQ(Points(0, {LossAt(1, 3)}).next_sequence, 1u);
  EXPECT_THAT(scheduler_.EventsOf<PointsAppended>(), IsEmpty());
}

TEST_F(ReportTest, GapIsRefusedWithTheNextNumber) {
  Start();
  Points(0, {LossAt(1, 3)});
  const auto result = Points(2, {LossAt(3, 1)});
  EXPECT_EQ(result.status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(result.next_sequence, 1u);
  EXPECT_THAT(scheduler_.EventsOf<PointsAppended>(), IsEmpty());
}

TEST_F(ReportTest, MetricNamesFollowTheRule) {
  Start();
  for (const std::string& name : {std::string(), std::string("a b"), std::string("-a"), std::string(129, 'a')}) {
    EXPECT_EQ(Points(0, {{name, 1, 1, 1, 1}}).status.code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_TRUE(Points(0, {{"per-class.acc_0", 1, 1, 1, 1}}).status.ok());
}

TEST_F(ReportTest, TrialHasAtMost256Metrics) {
  Start();
  std::vector<Point> points;
  for (int i = 0; i < 256; ++i) points.push_back({absl::StrCat("m", i), 1, 1, 1, 1});
  EXPECT_TRUE(Points(0, points).status.ok());
  EXPECT_EQ(Points(256, {{"one-more", 1, 1, 1, 1}}).status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Points(256, {{"m0", 2, 1, 1, 1}}).status.ok());
}

TEST_F(ReportTest, EpochMustBeANumber) {
  Start();
  EXPECT_EQ(Points(0, {{"a", 1, 1, kNaN, 1}}).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReportTest, SuccessTakesTheLastValues) {
  Start();
  Points(0, {LossAt(1, 0.2), {"val_accuracy", 1, 0.9, 1, 32}, LossAt(2, 0.4)}, OutcomeKind::kSucceeded);
  const auto end = scheduler_.EventsOf<TrialFinished>().at(0);
  EXPECT_EQ(end.objective, 0.4);
  EXPECT_THAT(end.metrics, UnorderedElementsAre(Pair("val_loss", 0.4), Pair("val_accuracy", 0.9)));
  EXPECT_EQ(end.next_sequence, 3u);
  EXPECT_EQ(end.worker, "w");
  EXPECT_EQ(counts().succeeded, 1u);
}

TEST_F(ReportTest, AtBestTakesTheBestValue) {
  Start(SweepBuilder().AtBest());
  Points(0, {LossAt(1, 0.4), LossAt(2, 0.2)});
  Points(2, {LossAt(3, kNaN), LossAt(4, 0.3)}, OutcomeKind::kSucceeded);
  EXPECT_EQ(scheduler_.EventsOf<TrialFinished>().at(0).objective, 0.2);
}

TEST_F(ReportTest, AtBestOfAMaximizedMetricIsItsGreatestValue) {
  Start(SweepBuilder().AtBest().Maximize("val_accuracy"));
  Points(0, {{"val_accuracy", 1, 0.9, 1, 1}, {"val_accuracy", 2, 0.8, 2, 2}}, OutcomeKind::kSucceeded);
  EXPECT_EQ(scheduler_.EventsOf<TrialFinished>().at(0).objective, 0.9);
}

TEST_F(ReportTest, SuccessWithoutTheObjectiveIsRefusedAndTheAttemptStaysOpen) {
  Start();
  const auto result = Points(0, {{"train_loss", 1, 1, 1, 1}}, OutcomeKind::kSucceeded);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(result.next_sequence, 0u);
  EXPECT_EQ(counts().running, 1u);
  EXPECT_TRUE(Points(0, {LossAt(1, 1)}, OutcomeKind::kSucceeded).status.ok());
}

TEST_F(ReportTest, RefusedReportDoesNotRenewTheLease) {
  Start();
  scheduler_.Advance(20);
  Points(0, {}, OutcomeKind::kSucceeded);
  scheduler_.Advance(10);
  scheduler_.Expire();
  EXPECT_EQ(counts().running, 0u);
}

TEST_F(ReportTest, SuccessWithAnInfiniteObjectiveIsDiverged) {
  Start();
  Points(0, {LossAt(1, kInfinity)}, OutcomeKind::kSucceeded);
  const auto end = scheduler_.EventsOf<TrialFinished>().at(0);
  EXPECT_EQ(end.state, TrialState::kDiverged);
  EXPECT_EQ(end.objective, std::nullopt);
  EXPECT_EQ(counts().diverged, 1u);
  EXPECT_THAT(scheduler_.sweep("s").best, IsEmpty());
}

TEST_F(ReportTest, DivergedTrialHasMetricsButNoObjective) {
  Start();
  Points(0, {LossAt(1, 2.5)}, OutcomeKind::kDiverged);
  const auto end = scheduler_.EventsOf<TrialFinished>().at(0);
  EXPECT_EQ(end.state, TrialState::kDiverged);
  EXPECT_EQ(end.objective, std::nullopt);
  EXPECT_THAT(end.metrics, SizeIs(1));
}

TEST_F(ReportTest, OfEqualTrialsThoseOfTheLowestIndicesAreBest) {
  scheduler_.Create("s", SweepBuilder().Configs(3).Build());
  scheduler_.Register("w", 3);
  scheduler_.Lease("w", 3);
  scheduler_.Succeed("w", {"s", 1}, 1, 0.3);
  EXPECT_THAT(scheduler_.sweep("s").best, ElementsAre(RankedTrial{1, 0.3}));
  scheduler_.Succeed("w", {"s", 2}, 1, 0.3);
  EXPECT_THAT(scheduler_.sweep("s").best, ElementsAre(RankedTrial{1, 0.3}, RankedTrial{2, 0.3}));
  scheduler_.Succeed("w", {"s", 0}, 1, 0.3);
  EXPECT_THAT(scheduler_.sweep("s").best, ElementsAre(RankedTrial{0, 0.3}, RankedTrial{1, 0.3}, RankedTrial{2, 0.3}));
}

TEST_F(ReportTest, InvalidTrialEndsTheSweepAndLeavesTheRestAlone) {
  scheduler_.Create("s", SweepBuilder().Configs(5).Build());
  scheduler_.Register("w", 2);
  scheduler_.Lease("w", 2);
  scheduler_.End("w", {"s", 1}, 1, OutcomeKind::kInvalid, "the batch is larger than the data set");
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFailed);
  EXPECT_EQ(scheduler_.sweep("s").message, "trial 1 is invalid: the batch is larger than the data set");
  EXPECT_EQ(counts(), (TrialCounts{.pending = 3, .running = 1, .failed = 1}));
  EXPECT_THAT(scheduler_.Lease("w"), IsEmpty());
  EXPECT_TRUE(scheduler_.Succeed("w", {"s", 0}, 1).status.ok());
  EXPECT_EQ(counts().succeeded, 1u);
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFailed);
}

TEST_F(ReportTest, ErrorOfTheWorkerQueuesTheTrialAgainUntilAttemptsAreUsedUp) {
  Start(SweepBuilder().Configs(1).MaxAttempts(2));
  scheduler_.End("w", kFirst, 1, OutcomeKind::kError, "no memory");
  EXPECT_EQ(counts().pending, 1u);
  EXPECT_EQ(scheduler_.EventsOf<TrialRequeued>().at(0).failures, 1u);
  EXPECT_EQ(scheduler_.Lease("w").at(0).attempt, 2u);
  scheduler_.End("w", kFirst, 2, OutcomeKind::kError, "no memory");
  EXPECT_EQ(counts().failed, 1u);
  EXPECT_EQ(scheduler_.EventsOf<TrialFinished>().at(0).message, "2 attempts failed; the last one: no memory");
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFinished);
}

TEST_F(ReportTest, HandingBackIsNotAFailure) {
  Start(SweepBuilder().Configs(1).MaxAttempts(1));
  for (uint32_t attempt = 1; attempt < 5; ++attempt) {
    EXPECT_TRUE(scheduler_.End("w", kFirst, attempt, OutcomeKind::kReleased).status.ok());
    ASSERT_EQ(scheduler_.Lease("w").at(0).attempt, attempt + 1);
  }
  EXPECT_EQ(counts().failed, 0u);
}

TEST_F(ReportTest, RepeatedOutcomeIsAnsweredAsBefore) {
  Start();
  const auto first = scheduler_.Succeed("w", kFirst, 1, 0.5);
  const auto again = scheduler_.Succeed("w", kFirst, 1, 0.5);
  EXPECT_TRUE(again.status.ok());
  EXPECT_EQ(again.directive, Directive::kContinue);
  EXPECT_EQ(again.next_sequence, first.next_sequence);
  EXPECT_THAT(scheduler_.EventsOf<TrialFinished>(), IsEmpty());
  EXPECT_EQ(counts().succeeded, 1u);
}

TEST_F(ReportTest, RepeatedOutcomeMayTakeAnotherDuration) {
  Start(SweepBuilder().Configs(2));
  TrialReport report{kFirst, 1, 0, {}, Outcome{}, std::nullopt};
  report.outcome->kind = OutcomeKind::kDiverged;
  scheduler_.Report("w", report);
  report.outcome->duration = std::chrono::seconds(5);
  EXPECT_TRUE(scheduler_.Report("w", report).status.ok());
}

TEST_F(ReportTest, AnotherOutcomeAlreadyExists) {
  Start();
  scheduler_.Succeed("w", kFirst, 1);
  EXPECT_EQ(scheduler_.End("w", kFirst, 1, OutcomeKind::kDiverged).status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(counts().succeeded, 1u);
}

TEST_F(ReportTest, OutcomeThatOnlyTheStoreKnowsIsAnsweredToo) {
  Start();
  Outcome outcome;
  outcome.kind = OutcomeKind::kDiverged;
  scheduler_.End("w", kFirst, 1, OutcomeKind::kDiverged);
  scheduler_.Commit();
  TrialReport report{kFirst, 1, 0, {}, outcome, FinishedTrial{TrialState::kDiverged, 1, outcome.Identity(), 4}};
  const auto result = scheduler_.Report("w", report);
  EXPECT_TRUE(result.status.ok());
  EXPECT_EQ(result.next_sequence, 4u);
  report.outcome->message = "another";
  EXPECT_EQ(scheduler_.Report("w", report).status.code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(ReportTest, OtherAttemptOfAFinishedTrialIsAborted) {
  Start(SweepBuilder().Configs(2));
  scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased);
  scheduler_.Lease("w");
  scheduler_.Succeed("w", kFirst, 2);
  const auto result = scheduler_.Succeed("w", kFirst, 1);
  EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(result.directive, Directive::kLost);
}

TEST_F(ReportTest, StaleAttemptChangesNothing) {
  Start();
  scheduler_.Register("other");
  scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased);
  scheduler_.Lease("other");
  for (const auto& result : {Points(0, {LossAt(1, 1)}), Points(0, {LossAt(1, 1)}, OutcomeKind::kSucceeded),
                             scheduler_.End("w", kFirst, 1, OutcomeKind::kInvalid)}) {
    EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(result.directive, Directive::kLost);
  }
  EXPECT_EQ(scheduler_.state().FindRunning(kFirst)->next_sequence, 0u);
  EXPECT_EQ(counts().running, 1u);
}

TEST_F(ReportTest, StaleAttemptOfTheSameWorkerChangesNothing) {
  Start();
  scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased);
  scheduler_.Lease("w");
  ASSERT_EQ(scheduler_.state().FindRunning(kFirst)->attempt, 2u);
  for (const auto& result : {Points(0, {LossAt(1, 1)}), Points(0, {LossAt(1, 1)}, OutcomeKind::kSucceeded)}) {
    EXPECT_EQ(result.status.code(), absl::StatusCode::kAborted);
    EXPECT_EQ(result.directive, Directive::kLost);
  }
  EXPECT_EQ(scheduler_.state().FindRunning(kFirst)->next_sequence, 0u);
  EXPECT_EQ(counts().running, 1u);
}

TEST_F(ReportTest, OpenAttemptOfAnotherWorkerIsAborted) {
  Start();
  scheduler_.Register("other");
  EXPECT_EQ(scheduler_.Succeed("other", kFirst, 1).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(counts().running, 1u);
}

TEST_F(ReportTest, AttemptThatWasNeverGivenIsAborted) {
  Start();
  EXPECT_EQ(scheduler_.Succeed("w", kFirst, 2).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(scheduler_.End("w", {"s", 1}, 1, OutcomeKind::kError).status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(scheduler_.End("w", {"no-sweep", 0}, 1, OutcomeKind::kError).status.code(), absl::StatusCode::kAborted);
}

TEST_F(ReportTest, CancelledTrialIsToldToStop) {
  Start();
  ASSERT_TRUE(scheduler_.Do(CancelSweep{"s"}).ok());
  const auto result = Points(0, {LossAt(1, 1)});
  EXPECT_EQ(result.directive, Directive::kStop);
  EXPECT_EQ(result.status.message(), "the sweep was cancelled");
  EXPECT_EQ(scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased).directive, Directive::kStop);
  EXPECT_EQ(counts().cancelled, 2u);
}

TEST_F(ReportTest, WhatIsWrongWithOneTrialTouchesNoOther) {
  scheduler_.Create("s", SweepBuilder().Configs(3).Build());
  scheduler_.Register("w", 3);
  scheduler_.Lease("w", 2);
  Report report{"w", {}};
  report.trials.push_back({{"s", 0}, 9, 0, {LossAt(1, 1)}, std::nullopt, std::nullopt});
  report.trials.push_back({{"s", 1}, 1, 0, {LossAt(1, 1)}, std::nullopt, std::nullopt});
  const auto reply = std::get<ReportReply>(*scheduler_.Do(report));
  EXPECT_EQ(reply.results.at(0).status.code(), absl::StatusCode::kAborted);
  EXPECT_TRUE(reply.results.at(1).status.ok());
  EXPECT_EQ(reply.results.at(1).next_sequence, 1u);
}

TEST_F(ReportTest, TrialNamedTwiceInOneReportIsRefusedTheSecondTime) {
  Start(SweepBuilder().Configs(1));
  TrialReport end{kFirst, 1, 0, {}, Outcome{}, std::nullopt};
  const auto reply = std::get<ReportReply>(*scheduler_.Do(Report{"w", {end, end}}));
  EXPECT_TRUE(reply.results.at(0).status.ok());
  EXPECT_EQ(reply.results.at(1).status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ReportTest, LastOutcomesOfOneReportFinishTheSweep) {
  scheduler_.Create("s", SweepBuilder().Configs(2).Build());
  scheduler_.Register("w", 2);
  scheduler_.Lease("w", 2);
  Report report{"w", {}};
  for (uint64_t index : {0, 1}) {
    Outcome diverged;
    diverged.kind = OutcomeKind::kDiverged;
    report.trials.push_back({{"s", index}, 1, 0, {}, diverged, std::nullopt});
  }
  ASSERT_TRUE(scheduler_.Do(report).ok());
  EXPECT_EQ(scheduler_.sweep("s").state, SweepState::kFinished);
  EXPECT_THAT(scheduler_.EventsOf<SweepStateChanged>(), SizeIs(1));
}

TEST_F(ReportTest, UnknownWorkerIsNotFound) {
  Start();
  EXPECT_EQ(scheduler_.Do(Report{"nobody", {}}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReportTest, EveryChangeRaisesTheRevision) {
  Start();
  uint64_t revision = scheduler_.state().FindSweep("s")->revision;
  Points(0, {LossAt(1, 1)});
  EXPECT_GT(scheduler_.state().FindSweep("s")->revision, revision);
  revision = scheduler_.state().FindSweep("s")->revision;
  Points(1, {});
  EXPECT_EQ(scheduler_.state().FindSweep("s")->revision, revision);
  scheduler_.End("w", kFirst, 1, OutcomeKind::kReleased);
  EXPECT_GT(scheduler_.state().FindSweep("s")->revision, revision);
}

}  // namespace
}  // namespace basin::server::core
