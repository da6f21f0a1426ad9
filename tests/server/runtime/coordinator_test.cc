#include "server/runtime/coordinator.h"

#include <thread>

#include "tests/server/runtime/coordinator_fixture.h"

namespace basin::server::runtime {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

TEST_F(CoordinatorTest, CommandsThatWaitTogetherShareOneCommit) {
  coordinator();
  store_.Close();
  std::vector<Answer> answers;
  answers.push_back(Send(NewSweep()));
  store_.AwaitCommits(1);
  for (int i = 0; i < 20; ++i) answers.push_back(Send(NewSweep()));
  store_.Open();
  for (Answer& answer : answers) EXPECT_TRUE(answer.get().ok());
  EXPECT_EQ(store_.commits(), 2);
}

TEST_F(CoordinatorTest, NothingIsAnsweredBeforeItIsCommitted) {
  coordinator();
  store_.Close();
  Answer answer = Send(NewSweep());
  store_.AwaitCommits(1);
  EXPECT_FALSE(IsReady(answer));
  EXPECT_THAT(board_.ListSweeps({}, {}, 10).sweeps, IsEmpty());
  store_.Open();
  EXPECT_TRUE(answer.get().ok());
  EXPECT_THAT(board_.ListSweeps({}, {}, 10).sweeps, SizeIs(1));
}

TEST_F(CoordinatorTest, HeartbeatsNeedNoCommit) {
  Create();
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  const int before = store_.commits();
  EXPECT_EQ(Report(worker, ReportOf(lease)).directive, core::Directive::kContinue);
  EXPECT_EQ(store_.commits(), before);
}

TEST_F(CoordinatorTest, ARefusedCommandNeedsNoCommit) {
  EXPECT_TRUE(absl::IsNotFound(Do(core::PauseSweep{.id = "none"}).status()));
  EXPECT_EQ(store_.commits(), 0);
}

TEST_F(CoordinatorTest, ARequestIdGivesTheSameSweepAfterARestart) {
  const auto first = Do(NewSweep(tests::SweepBuilder(), "r1"));
  Restart();
  const auto again = Do(NewSweep(tests::SweepBuilder(), "r1"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(std::get<core::SweepReply>(*again).id, std::get<core::SweepReply>(*first).id);
}

TEST_F(CoordinatorTest, ARequestIdWithAnotherSpecIsRefusedAfterARestart) {
  ASSERT_TRUE(Do(NewSweep(tests::SweepBuilder(), "r1")).ok());
  Restart();
  EXPECT_TRUE(absl::IsAlreadyExists(Do(NewSweep(tests::SweepBuilder().Name("other"), "r1")).status()));
}

TEST_F(CoordinatorTest, AnOutcomeRepeatedAfterItsCommitIsAcceptedAgain) {
  Create();
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  ASSERT_TRUE(Report(worker, Success(lease)).status.ok());
  EXPECT_TRUE(Report(worker, Success(lease)).status.ok());
}

TEST_F(CoordinatorTest, AnotherOutcomeThanTheCommittedOneIsRefused) {
  Create();
  const core::WorkerId worker = Register("w");
  const auto lease = Lease(worker).at(0);
  ASSERT_TRUE(Report(worker, Success(lease, "aa")).status.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(Report(worker, Success(lease, "bb")).status));
}

TEST_F(CoordinatorTest, TwoRetriesInOneBatchQueueAFailedTrialOnce) {
  const core::SweepId sweep = CreateSingleTrial();
  const core::WorkerId worker = Register("w");
  core::TrialReport failure = ReportOf(Lease(worker).at(0));
  failure.outcome.emplace();
  failure.outcome->kind = core::OutcomeKind::kError;
  Report(worker, failure);
  ASSERT_EQ(Counts(sweep).failed(), 1u);

  store_.Close();
  Answer blocker = Send(NewSweep());
  store_.AwaitCommits(store_.commits());
  Answer first = Send(core::RetrySweep{.id = sweep, .failed = {}, .definition = nullptr});
  Answer second = Send(core::RetrySweep{.id = sweep, .failed = {}, .definition = nullptr});
  store_.Open();
  EXPECT_EQ(std::get<core::SweepReply>(*first.get()).requeued, 1u);
  EXPECT_EQ(std::get<core::SweepReply>(*second.get()).requeued, 0u);
  EXPECT_EQ(Counts(sweep).pending(), 1u);
  EXPECT_EQ(Counts(sweep).total(), 1u);
}

TEST_F(CoordinatorTest, AnIoErrorIsFatalAndIsNotAcknowledged) {
  coordinator();
  store_.Fail(absl::InternalError("fsync failed"));
  EXPECT_TRUE(absl::IsInternal(Do(NewSweep()).status()));
  EXPECT_THAT(fatal_, SizeIs(1));
  EXPECT_THAT(board_.ListSweeps({}, {}, 10).sweeps, IsEmpty());
}

TEST_F(CoordinatorTest, AfterAnIoErrorNothingIsTriedAgain) {
  coordinator();
  store_.Fail(absl::DataLossError("damaged"));
  Do(NewSweep()).IgnoreError();
  store_.Fail(absl::OkStatus());
  EXPECT_TRUE(absl::IsUnavailable(Do(NewSweep()).status()));
  EXPECT_EQ(store_.commits(), 1);
}

TEST_F(CoordinatorTest, MoreCommandsThanMayWaitAreRefused) {
  options_.max_waiting_commands = 2;
  coordinator();
  store_.Close();
  Answer first = Send(NewSweep());
  store_.AwaitCommits(1);
  Answer second = Send(NewSweep()), third = Send(NewSweep()), fourth = Send(NewSweep());
  EXPECT_TRUE(absl::IsUnavailable(fourth.get().status()));
  store_.Open();
  EXPECT_TRUE(second.get().ok());
  EXPECT_TRUE(third.get().ok());
}

TEST_F(CoordinatorTest, MorePointsThanMayWaitAreRefused) {
  options_.max_waiting_size = 10;
  coordinator();
  store_.Close();
  Answer first = Send(NewSweep());
  store_.AwaitCommits(1);
  Answer second = Send(NewSweep());
  core::Report large;
  large.trials.emplace_back().points.resize(20);
  EXPECT_TRUE(absl::IsUnavailable(Send(large).get().status()));
  store_.Open();
}

TEST_F(CoordinatorTest, StoppingFinishesWhatWaits) {
  coordinator();
  store_.Close();
  Answer first = Send(NewSweep());
  store_.AwaitCommits(1);
  Answer second = Send(NewSweep());
  std::thread stopping([this] { coordinator().Stop(); });
  store_.Open();
  stopping.join();
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
}

TEST_F(CoordinatorTest, AStoppedCoordinatorRefusesCommands) {
  coordinator().Stop();
  EXPECT_TRUE(absl::IsUnavailable(Do(NewSweep()).status()));
}

TEST_F(CoordinatorTest, WhatIsStoredIsShownAfterARestart) {
  const core::SweepId sweep = Create();
  Restart();
  EXPECT_EQ(board_.GetSweep(sweep)->trials().pending(), 2u);
}

}  // namespace
}  // namespace basin::server::runtime
