#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/core/decide.h"
#include "tests/support/scheduler.h"
#include "tests/support/sweep_builder.h"

namespace basin::server::core {
namespace {

class ActorTest : public testing::Test {
 protected:
  // Decides and applies; the decision.
  absl::StatusOr<Decision> Do(const Command& command) {
    absl::StatusOr<Decision> decision = Decide(state_, command, {});
    if (!decision.ok()) return decision;
    for (const Event& event : decision->events) state_.Apply(event);
    return decision;
  }
  void Create(const SweepId& id, const Actor& by) {
    CreateSweep command;
    command.id = id;
    command.definition = definition_;
    command.by = by;
    ASSERT_TRUE(Do(command).ok());
  }
  static const Audited* AuditIn(const Decision& decision) {
    const auto found = std::ranges::find_if(decision.events,
                                            [](const Event& event) { return std::holds_alternative<Audited>(event); });
    return found == decision.events.end() ? nullptr : &std::get<Audited>(*found);
  }

  std::shared_ptr<const SweepDefinition> definition_ = tests::SweepBuilder().Build();
  State state_{Settings{}};
};

const Actor kAlice{"alice", true}, kBob{"bob", true}, kRoot{"root", false};

TEST_F(ActorTest, ASweepBelongsToWhoCreatedIt) {
  Create("a", kAlice);
  EXPECT_EQ(state_.FindSweep("a")->record.owner, "alice");
}

TEST_F(ActorTest, WhoMayChangeHisOwnSweepsAloneIsRefusedOthers) {
  Create("a", kAlice);
  const absl::Status refused = Do(CancelSweep{"a", kBob}).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(refused.message()), testing::HasSubstr("belongs to 'alice'"));
  EXPECT_TRUE(state_.FindSweep("a")->live());
  EXPECT_TRUE(Do(PauseSweep{"a", kAlice}).ok());
  EXPECT_TRUE(Do(CancelSweep{"a", kRoot}).ok());
}

TEST_F(ActorTest, ACommandIsAuditedInTheSameDecisionAsItsEffect) {
  Create("a", kAlice);
  const auto cancelled = Do(CancelSweep{"a", kRoot});
  const Audited* audit = AuditIn(*cancelled);
  ASSERT_NE(audit, nullptr);
  EXPECT_EQ(audit->actor, "root");
  EXPECT_EQ(audit->action, "cancel sweep");
  EXPECT_EQ(audit->subject, "a");
}

TEST_F(ActorTest, ACommandWithoutEffectOrWithoutANameIsNotAudited) {
  Create("a", kAlice);
  ASSERT_TRUE(Do(PauseSweep{"a", kAlice}).ok());
  EXPECT_EQ(AuditIn(*Do(PauseSweep{"a", kAlice})), nullptr);
  EXPECT_EQ(AuditIn(*Do(ResumeSweep{"a", {}})), nullptr);
}

TEST_F(ActorTest, AWorkerIsUnknownToAnotherPrincipal) {
  WorkerDescription description = tests::Description("w", 1);
  description.principal = "w1";
  ASSERT_TRUE(Do(RegisterWorker{"w-1", description}).ok());
  const auto code = [this](const Command& command) { return Do(command).status().code(); };
  EXPECT_EQ(code(LeaseTrials{"w-1", 1, "", "w2"}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(Report{"w-1", {}, "w2"}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(AddCheckpoint{"w-1", {"a", 0}, 1, 0, {}, "w2"}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(RejectCheckpoint{"w-1", {"a", 0}, 1, "", "w2"}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(AddCheckpoint{"w-1", {"a", 0}, 1, 0, {}, "w1"}), absl::StatusCode::kAborted);
  EXPECT_EQ(code(UnregisterWorker{"w-1", ""}), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(LeaseTrials{"w-1", 1, "", "w1"}), absl::StatusCode::kOk);
  EXPECT_EQ(code(UnregisterWorker{"w-1", "w1"}), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace basin::server::core
