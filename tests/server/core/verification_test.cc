// A sweep that runs a trial of another sweep again.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using tests::Description;
using tests::Scheduler;
using tests::SweepBuilder;

// Trial s/1 has run on worker `first`.
class VerificationTest : public ::testing::Test {
 protected:
  VerificationTest() {
    scheduler_.Create("s", SweepBuilder().Build());
    scheduler_.Register("w1", Description("first", 4));
    for (const auto& lease : scheduler_.Lease("w1", 2)) scheduler_.Succeed("w1", lease.key, lease.attempt);
    scheduler_.Commit();
  }
  absl::Status Verify(const std::string& request_id = "") {
    CreateSweep command{"v", SweepBuilder().Configs(1).Build(), request_id, "digest", std::nullopt};
    command.verifies = Verification{{"s", 1}, "first"};
    return scheduler_.Do(command).status();
  }
  size_t LeasesTo(const WorkerId& worker) { return scheduler_.Lease(worker).size(); }
  std::string Waiting() const { return scheduler_.state().WaitingReason("v"); }
  static WorkerDescription Other(const std::string& engine = "engine-1", const std::string& digest = "digest-1") {
    WorkerDescription description = Description("second");
    description.engine_fingerprint = engine;
    description.datasets["digits"] = digest;
    return description;
  }

  Scheduler scheduler_;
};

TEST_F(VerificationTest, ItKnowsWhatItRunsAgainAndHasItsPins) {
  ASSERT_TRUE(Verify().ok());
  const SweepRecord& sweep = scheduler_.sweep("v");
  EXPECT_EQ(sweep.verifies, (Verification{{"s", 1}, "first"}));
  EXPECT_EQ(sweep.pins, scheduler_.sweep("s").pins);
  EXPECT_EQ(sweep.pins.engine_fingerprint, "engine-1");
}

TEST_F(VerificationTest, TheSweepThatItVerifiesStaysAsItIs) {
  const SweepRecord before = scheduler_.sweep("s");
  ASSERT_TRUE(Verify().ok());
  for (const auto& lease : scheduler_.Lease("w1")) scheduler_.Succeed("w1", lease.key, lease.attempt, 0.125);
  EXPECT_EQ(scheduler_.sweep("v").state, SweepState::kFinished);
  EXPECT_EQ(scheduler_.sweep("s").counts, before.counts);
  EXPECT_EQ(scheduler_.sweep("s").best, before.best);
}

TEST_F(VerificationTest, AnotherWorkerThatCouldRunItIsPreferred) {
  scheduler_.Register("w2", Other());
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(LeasesTo("w1"), 0u);
  EXPECT_EQ(LeasesTo("w2"), 1u);
}

TEST_F(VerificationTest, TheSameWorkerRunsItWhenItIsAlone) {
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(LeasesTo("w1"), 1u);
}

TEST_F(VerificationTest, NobodyWaitsForAWorkerThatCouldNotRunIt) {
  scheduler_.Register("w2", Other("engine-2"));
  scheduler_.Register("w3", Other("engine-1", "digest-2"));
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(LeasesTo("w2"), 0u);
  EXPECT_EQ(LeasesTo("w3"), 0u);
  EXPECT_EQ(LeasesTo("w1"), 1u);
}

TEST_F(VerificationTest, NobodyWaitsForAWorkerThatIsGoneOrLeaves) {
  scheduler_.Register("w2", Other());
  ASSERT_TRUE(Verify().ok());
  ASSERT_EQ(LeasesTo("w1"), 0u);
  ASSERT_TRUE(scheduler_.Do(DrainWorker{"w2"}).ok());
  EXPECT_EQ(LeasesTo("w1"), 1u);
}

TEST_F(VerificationTest, AWorkerOfTheSameNameIsNoOther) {
  scheduler_.Register("w2", Description("first"));
  ASSERT_TRUE(Verify().ok());
  EXPECT_EQ(LeasesTo("w1"), 1u);
}

// Another sweep's pins would be fixed anew by such a worker.
TEST_F(VerificationTest, ItsPinsAreNeverFixedAnew) {
  ASSERT_TRUE(Verify().ok());
  scheduler_.Register("w2", Other("engine-2"));
  EXPECT_EQ(LeasesTo("w2"), 0u);
  const auto lease = scheduler_.Lease("w1").at(0);
  scheduler_.End("w1", lease.key, lease.attempt, OutcomeKind::kError);
  EXPECT_EQ(LeasesTo("w2"), 0u);
  EXPECT_EQ(scheduler_.sweep("v").pins.engine_fingerprint, "engine-1");
}

TEST_F(VerificationTest, ItSaysThatNoWorkerHasTheEngineOfTheTrial) {
  ASSERT_TRUE(Verify().ok());
  ASSERT_TRUE(scheduler_.Do(UnregisterWorker{"w1"}).ok());
  scheduler_.Register("w2", Other("engine-2"));
  EXPECT_THAT(Waiting(), AllOf(HasSubstr("trial s/1 ran on engine engine-1"), HasSubstr("no connected worker"),
                               Not(HasSubstr("submit the sweep again"))));
}

TEST_F(VerificationTest, ItSaysThatNoWorkerHasTheDataOfTheTrial) {
  ASSERT_TRUE(Verify().ok());
  ASSERT_TRUE(scheduler_.Do(UnregisterWorker{"w1"}).ok());
  scheduler_.Register("w2", Other("engine-1", "digest-2"));
  EXPECT_THAT(Waiting(), AllOf(HasSubstr("trial s/1 ran on the data set 'digits' with digest digest-1"),
                               Not(HasSubstr("submit the sweep again"))));
}

TEST_F(VerificationTest, RepeatedItIsTheSameSweep) {
  ASSERT_TRUE(Verify("request").ok());
  EXPECT_TRUE(Verify("request").ok());
  EXPECT_THAT(scheduler_.events(), IsEmpty());
}

TEST_F(VerificationTest, ATrialOfASweepThatIsGoneCannotBeVerified) {
  ASSERT_TRUE(scheduler_.Do(DeleteSweep{"s"}).ok());
  EXPECT_TRUE(absl::IsNotFound(Verify()));
  EXPECT_THAT(scheduler_.state().sweeps(), IsEmpty());
}

TEST_F(VerificationTest, TheAuditCallsItByItsName) {
  CreateSweep command{"v", SweepBuilder().Configs(1).Build(), "", "digest", std::nullopt, {.name = "alice"}};
  command.verifies = Verification{{"s", 1}, "first"};
  ASSERT_TRUE(scheduler_.Do(command).ok());
  ASSERT_THAT(scheduler_.EventsOf<Audited>(), SizeIs(1));
  EXPECT_EQ(scheduler_.EventsOf<Audited>()[0].action, "verify trial");
}

}  // namespace
}  // namespace basin::server::core
