#include "tests/server/runtime/coordinator_fixture.h"

namespace basin::server::runtime {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

core::LeaseReply LeaseReplyOf(Answer& answer) { return std::get<core::LeaseReply>(*answer.get()); }

class LongPollTest : public CoordinatorTest {};

TEST_F(LongPollTest, ACallIsAnsweredWhenASweepComes) {
  Answer call = Poll(Register("w"));
  EXPECT_FALSE(IsReady(call));
  const core::SweepId sweep = Create();
  const core::LeaseReply reply = LeaseReplyOf(call);
  ASSERT_THAT(reply.leases, SizeIs(1));
  EXPECT_EQ(reply.leases[0].key.sweep, sweep);
}

TEST_F(LongPollTest, ACallThatMayNotWaitIsAnsweredAtOnce) {
  Answer call = Poll(Register("w"), seconds(0));
  EXPECT_THAT(LeaseReplyOf(call).leases, IsEmpty());
}

TEST_F(LongPollTest, TheLongestWaitingIsServedFirst) {
  Answer first = Poll(Register("first")), second = Poll(Register("second"));
  Create(tests::SweepBuilder().Configs(1));
  EXPECT_THAT(LeaseReplyOf(first).leases, SizeIs(1));
  Settle();
  EXPECT_FALSE(IsReady(second));
}

TEST_F(LongPollTest, AThousandCallsWait) {
  std::vector<Answer> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(Poll(Register("w" + std::to_string(i))));
  Create(tests::SweepBuilder().Configs(3));
  Settle();
  EXPECT_EQ(std::ranges::count_if(calls, IsReady), 3);
}

TEST_F(LongPollTest, AnEmptyAnswerComesAfterTheWait) {
  Answer call = Poll(Register("w"), seconds(5));
  clock_.Pass(std::chrono::milliseconds(4500), kThreads);
  EXPECT_FALSE(IsReady(call));
  clock_.Pass(seconds(1), kThreads);
  EXPECT_THAT(LeaseReplyOf(call).leases, IsEmpty());
}

TEST_F(LongPollTest, NoCallWaitsLongerThanHalfALease) {
  Answer call = Poll(Register("w"), seconds(60));
  clock_.Pass(seconds(16), kThreads);
  EXPECT_TRUE(IsReady(call));
}

TEST_F(LongPollTest, ACancelledCallTakesNoTrial) {
  uint64_t number = 0;
  Answer call = Poll(Register("w"), seconds(10), &number);
  coordinator().CancelLease(number);
  EXPECT_TRUE(absl::IsCancelled(call.get().status()));
  const core::SweepId sweep = Create();
  EXPECT_EQ(Counts(sweep).pending(), 2u);
}

TEST_F(LongPollTest, ASecondCallOfAWorkerReplacesTheFirst) {
  const core::WorkerId worker = Register("w", 2);
  Answer first = Poll(worker), second = Poll(worker);
  EXPECT_THAT(LeaseReplyOf(first).leases, IsEmpty());
  Create();
  EXPECT_THAT(LeaseReplyOf(second).leases, SizeIs(1));
}

TEST_F(LongPollTest, AResumedSweepIsWork) {
  const core::SweepId sweep = Create();
  ASSERT_TRUE(Do(core::PauseSweep{.id = sweep}).ok());
  Answer call = Poll(Register("w"));
  EXPECT_FALSE(IsReady(call));
  ASSERT_TRUE(Do(core::ResumeSweep{.id = sweep}).ok());
  EXPECT_THAT(LeaseReplyOf(call).leases, SizeIs(1));
}

TEST_F(LongPollTest, ATrialHandedBackIsWork) {
  Create(tests::SweepBuilder().Configs(1));
  const core::WorkerId leaving = Register("leaving");
  ASSERT_THAT(Lease(leaving), SizeIs(1));
  Answer call = Poll(Register("w"));
  ASSERT_TRUE(Do(core::UnregisterWorker{.id = leaving}).ok());
  EXPECT_THAT(LeaseReplyOf(call).leases, SizeIs(1));
}

TEST_F(LongPollTest, ARetriedTrialIsWork) {
  const core::SweepId sweep = CreateSingleTrial();
  const core::WorkerId worker = Register("w");
  core::TrialReport failure = ReportOf(Lease(worker).at(0));
  failure.outcome.emplace();
  failure.outcome->kind = core::OutcomeKind::kError;
  Report(worker, failure);
  Answer call = Poll(Register("other"));
  EXPECT_FALSE(IsReady(call));
  ASSERT_TRUE(Do(core::RetrySweep{.id = sweep, .failed = {}, .definition = nullptr}).ok());
  EXPECT_THAT(LeaseReplyOf(call).leases, SizeIs(1));
}

TEST_F(LongPollTest, AnEndMakesRoomBelowMaxParallel) {
  Create(tests::SweepBuilder().Configs(2).MaxParallel(1));
  const core::WorkerId busy = Register("busy");
  const auto lease = Lease(busy).at(0);
  Answer call = Poll(Register("w"));
  EXPECT_FALSE(IsReady(call));
  Report(busy, Success(lease));
  EXPECT_THAT(LeaseReplyOf(call).leases, SizeIs(1));
}

TEST_F(LongPollTest, AWaitingCallIsToldToDrain) {
  const core::WorkerId worker = Register("w");
  Answer call = Poll(worker);
  ASSERT_TRUE(Do(core::DrainWorker{.id = worker}).ok());
  EXPECT_TRUE(LeaseReplyOf(call).drain);
}

TEST_F(LongPollTest, ALeaseToAWaitingCallIsCommittedBeforeItIsAnswered) {
  Answer call = Poll(Register("w"));
  const int before = store_.commits();
  store_.Close();
  Answer created = Send(NewSweep());
  store_.AwaitCommits(before + 1);
  EXPECT_FALSE(IsReady(call));
  store_.Open();
  EXPECT_THAT(LeaseReplyOf(call).leases, SizeIs(1));
  EXPECT_EQ(store_.commits(), before + 1);
}

TEST_F(LongPollTest, EndingTheWaitsAnswersAllAndLetsNoneWait) {
  const core::WorkerId worker = Register("w");
  Answer call = Poll(worker);
  coordinator().EndWaits();
  EXPECT_THAT(LeaseReplyOf(call).leases, IsEmpty());
  Answer later = Poll(worker);
  EXPECT_THAT(LeaseReplyOf(later).leases, IsEmpty());
}

TEST_F(LongPollTest, StoppingAnswersWaitingCalls) {
  Answer call = Poll(Register("w"));
  coordinator().Stop();
  EXPECT_THAT(LeaseReplyOf(call).leases, IsEmpty());
}

}  // namespace
}  // namespace basin::server::runtime
