#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using tests::Scheduler;
using tests::SweepBuilder;

absl::StatusCode Code(Scheduler& scheduler, const Command& command) { return scheduler.Do(command).status().code(); }

uint64_t Requeued(Scheduler& scheduler, const RetrySweep& command) {
  return std::get<SweepReply>(scheduler.Do(command).value()).requeued;
}

TEST(SweepTest, NewSweepIsRunningWithAllTrialsPending) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Name("n").Configs(4).Seeds(5).Priority(2).Build());
  const SweepRecord& sweep = scheduler.sweep("s");
  EXPECT_EQ(sweep.state, SweepState::kRunning);
  EXPECT_EQ(sweep.name, "n");
  EXPECT_EQ(sweep.priority, 2);
  EXPECT_EQ(sweep.counts, (TrialCounts{.pending = 20}));
}

TEST(SweepTest, SameRequestGivesTheSameSweep) {
  Scheduler scheduler;
  const CreateSweep create{"s1", SweepBuilder().Build(), "r", "digest", std::nullopt};
  ASSERT_TRUE(scheduler.Do(create).ok());
  CreateSweep again = create;
  again.id = "s2";
  EXPECT_EQ(std::get<SweepReply>(scheduler.Do(again).value()).id, "s1");
  EXPECT_THAT(scheduler.state().sweeps(), SizeIs(1));
  again.spec_digest = "other";
  EXPECT_EQ(Code(scheduler, again), absl::StatusCode::kAlreadyExists);
}

TEST(SweepTest, OwnerHasNoMoreSweepsThanAllowed) {
  Scheduler scheduler(Settings{.max_sweeps_an_owner = 2});
  const auto create = [&](const SweepId& id, const std::string& owner) {
    return Code(scheduler, CreateSweep{id, SweepBuilder().Build(), "", "", std::nullopt, {.name = owner}});
  };
  EXPECT_EQ(create("s1", "alice"), absl::StatusCode::kOk);
  EXPECT_EQ(create("s2", "alice"), absl::StatusCode::kOk);
  ASSERT_TRUE(scheduler.Do(CancelSweep{"s1"}).ok());
  EXPECT_EQ(create("s3", "alice"), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(create("s3", "bob"), absl::StatusCode::kOk);
  ASSERT_TRUE(scheduler.Do(DeleteSweep{"s1"}).ok());
  EXPECT_EQ(create("s4", "alice"), absl::StatusCode::kOk);
  for (const char* id : {"s5", "s6", "s7"}) EXPECT_EQ(create(id, ""), absl::StatusCode::kOk);
}

TEST(SweepTest, RequestThatOnlyTheStoreKnowsGivesItsSweep) {
  Scheduler scheduler;
  scheduler.Create("old", SweepBuilder().Build());
  CreateSweep create{"s2", SweepBuilder().Build(), "r", "digest", CreateSweep::Stored{"old", "digest"}};
  EXPECT_EQ(std::get<SweepReply>(scheduler.Do(create).value()).id, "old");
  create.stored->spec_digest = "other";
  EXPECT_EQ(Code(scheduler, create), absl::StatusCode::kAlreadyExists);
}

TEST(SweepTest, RequestOfADeletedSweepMakesANewOne) {
  Scheduler scheduler;
  const CreateSweep create{"s1", SweepBuilder().Build(), "r", "digest", std::nullopt};
  ASSERT_TRUE(scheduler.Do(create).ok());
  ASSERT_TRUE(scheduler.Do(CancelSweep{"s1"}).ok());
  ASSERT_TRUE(scheduler.Do(DeleteSweep{"s1"}).ok());
  EXPECT_EQ(
      std::get<SweepReply>(scheduler.Do(CreateSweep{"s2", create.definition, "r", "other", std::nullopt}).value()).id,
      "s2");
}

TEST(SweepTest, EachCallAllowsItsStatesAlone) {
  constexpr auto kOk = absl::StatusCode::kOk;
  constexpr auto kRefused = absl::StatusCode::kFailedPrecondition;
  struct Case {
    SweepState state;
    absl::StatusCode pause, resume, cancel, retry, remove;
  };
  for (const Case& c : {Case{SweepState::kRunning, kOk, kOk, kOk, kOk, kRefused},
                        Case{SweepState::kPaused, kOk, kOk, kOk, kOk, kRefused},
                        Case{SweepState::kFinished, kRefused, kRefused, kRefused, kOk, kOk},
                        Case{SweepState::kCancelled, kRefused, kRefused, kOk, kRefused, kOk},
                        Case{SweepState::kFailed, kRefused, kRefused, kRefused, kOk, kOk}}) {
    const auto in_state = [&c] {
      auto scheduler = std::make_unique<Scheduler>();
      scheduler->Create("s", SweepBuilder().Configs(1).Build());
      scheduler->Register("w");
      if (c.state == SweepState::kPaused) {
        EXPECT_TRUE(scheduler->Do(PauseSweep{"s"}).ok());
      }
      if (c.state == SweepState::kCancelled) {
        EXPECT_TRUE(scheduler->Do(CancelSweep{"s"}).ok());
      }
      if (c.state == SweepState::kFinished || c.state == SweepState::kFailed) {
        scheduler->Lease("w");
        scheduler->End("w", {"s", 0}, 1,
                       c.state == SweepState::kFailed ? OutcomeKind::kInvalid : OutcomeKind::kDiverged);
      }
      EXPECT_EQ(scheduler->sweep("s").state, c.state);
      return scheduler;
    };
    SCOPED_TRACE(static_cast<int>(c.state));
    EXPECT_EQ(Code(*in_state(), PauseSweep{"s"}), c.pause);
    EXPECT_EQ(Code(*in_state(), ResumeSweep{"s"}), c.resume);
    EXPECT_EQ(Code(*in_state(), CancelSweep{"s"}), c.cancel);
    EXPECT_EQ(Code(*in_state(), RetrySweep{"s", {}, SweepBuilder().Configs(1).Build()}), c.retry);
    EXPECT_EQ(Code(*in_state(), DeleteSweep{"s"}), c.remove);
  }
}

TEST(SweepTest, UnknownSweepIsNotFound) {
  Scheduler scheduler;
  for (const Command& command : std::vector<Command>{PauseSweep{"x"}, ResumeSweep{"x"}, CancelSweep{"x"},
                                                     RetrySweep{"x", {}, nullptr}, DeleteSweep{"x"}}) {
    EXPECT_EQ(Code(scheduler, command), absl::StatusCode::kNotFound);
  }
}

TEST(SweepTest, PausedSweepFinishesWithItsLastRunningTrial) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(1).Build());
  scheduler.Register("w");
  scheduler.Lease("w");
  ASSERT_TRUE(scheduler.Do(PauseSweep{"s"}).ok());
  EXPECT_EQ(scheduler.Succeed("w", {"s", 0}, 1).directive, Directive::kContinue);
  EXPECT_EQ(scheduler.sweep("s").state, SweepState::kFinished);
}

TEST(SweepTest, CancelEndsEveryTrialThatHasNotEnded) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(10).Build());
  scheduler.Register("w", 3);
  scheduler.Lease("w", 3);
  scheduler.Succeed("w", {"s", 0}, 1);
  scheduler.End("w", {"s", 1}, 1, OutcomeKind::kReleased);
  ASSERT_TRUE(scheduler.Do(CancelSweep{"s"}).ok());
  EXPECT_THAT(scheduler.EventsOf<TrialFinished>(), SizeIs(2));
  EXPECT_EQ(scheduler.EventsOf<PendingCancelled>().at(0).count, 7u);
  EXPECT_EQ(scheduler.sweep("s").counts, (TrialCounts{.succeeded = 1, .cancelled = 9}));
  EXPECT_THAT(scheduler.Lease("w"), IsEmpty());
}

TEST(SweepTest, RetryQueuesFailedTrialsAloneWithAllTheirAttempts) {
  Scheduler scheduler;
  const auto definition = SweepBuilder().Configs(3).MaxAttempts(1).Build();
  scheduler.Create("s", definition);
  scheduler.Register("w", 3);
  scheduler.Lease("w", 3);
  scheduler.Succeed("w", {"s", 0}, 1);
  scheduler.End("w", {"s", 1}, 1, OutcomeKind::kError);
  scheduler.End("w", {"s", 2}, 1, OutcomeKind::kDiverged);
  ASSERT_EQ(scheduler.sweep("s").state, SweepState::kFinished);
  scheduler.Commit();
  EXPECT_EQ(Requeued(scheduler, {"s", {{1, 1}}, definition}), 1u);
  EXPECT_EQ(scheduler.sweep("s").state, SweepState::kRunning);
  EXPECT_EQ(scheduler.sweep("s").counts, (TrialCounts{.pending = 1, .succeeded = 1, .diverged = 1}));
  const auto lease = scheduler.Lease("w").at(0);
  EXPECT_EQ(lease.key.index, 1u);
  EXPECT_EQ(lease.attempt, 2u);
  EXPECT_EQ(scheduler.state().FindRunning({"s", 1})->failures, 0u);
}

TEST(SweepTest, RetrySeesWhatFailedSinceTheLastCommit) {
  Scheduler scheduler;
  const auto definition = SweepBuilder().Configs(2).MaxAttempts(1).Build();
  scheduler.Create("s", definition);
  scheduler.Register("w", 2);
  scheduler.Lease("w", 2);
  scheduler.End("w", {"s", 0}, 1, OutcomeKind::kError);
  EXPECT_EQ(Requeued(scheduler, {"s", {}, nullptr}), 1u);
  EXPECT_EQ(Requeued(scheduler, {"s", {{0, 1}}, nullptr}), 0u) << "queued already; the store does not know";
}

TEST(SweepTest, RetryWithNothingFailedChangesNothing) {
  Scheduler scheduler;
  const auto definition = SweepBuilder().Configs(1).Build();
  scheduler.Create("s", definition);
  scheduler.Register("w");
  scheduler.Lease("w");
  scheduler.Succeed("w", {"s", 0}, 1);
  EXPECT_EQ(Requeued(scheduler, {"s", {}, definition}), 0u);
  EXPECT_EQ(scheduler.sweep("s").state, SweepState::kFinished);
  EXPECT_THAT(scheduler.events(), IsEmpty());
}

TEST(SweepTest, RetryGoesOnWithASweepThatATrialEnded) {
  Scheduler scheduler;
  const auto definition = SweepBuilder().Configs(3).Build();
  scheduler.Create("s", definition);
  scheduler.Register("w");
  scheduler.Lease("w");
  scheduler.End("w", {"s", 0}, 1, OutcomeKind::kInvalid, "damaged");
  EXPECT_EQ(Requeued(scheduler, {"s", {}, definition}), 1u);
  EXPECT_EQ(scheduler.sweep("s").state, SweepState::kRunning);
  EXPECT_EQ(scheduler.sweep("s").message, "");
  for (int i = 0; i < 3; ++i) {
    const auto lease = scheduler.Lease("w").at(0);
    scheduler.Succeed("w", lease.key, lease.attempt);
  }
  EXPECT_EQ(scheduler.sweep("s").counts.succeeded, 3u);
}

TEST(SweepTest, DeletedSweepTakesItsRunningTrialsAlong) {
  Scheduler scheduler;
  scheduler.Create("s", SweepBuilder().Configs(3).TrialSeconds(50).Build());
  scheduler.Register("w", 2);
  scheduler.Lease("w", 2);
  scheduler.End("w", {"s", 0}, 1, OutcomeKind::kInvalid);
  ASSERT_TRUE(scheduler.Do(DeleteSweep{"s"}).ok());
  EXPECT_THAT(scheduler.state().sweeps(), IsEmpty());
  EXPECT_THAT(scheduler.state().FindWorker("w")->running, IsEmpty());
  const auto result = scheduler.End("w", {"s", 1}, 1, OutcomeKind::kDiverged);
  EXPECT_EQ(result.directive, Directive::kLost);
}

}  // namespace
}  // namespace basin::server::core
