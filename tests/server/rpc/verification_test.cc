#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

using SweepStub = v1::SweepService::Stub;

class VerificationTest : public RpcTest {
 protected:
  absl::StatusOr<v1::Sweep> Verify(const std::string& sweep, uint64_t trial, const std::string& request_id = "") {
    v1::VerifyTrialRequest request;
    request.set_sweep(sweep);
    request.set_trial(trial);
    request.set_request_id(request_id);
    auto response = Call(*sweeps_, &SweepStub::VerifyTrial, request);
    if (!response.ok()) return response.status();
    return response->sweep();
  }
  // A sweep with a limit of time, whose first trial ends with `kind` and `message`.
  std::string RunWithAClock(v1::TrialOutcome::Kind kind, const std::string& message) {
    v1::CreateSweepRequest request = DigitsRequest();
    request.mutable_spec()->mutable_base()->mutable_train()->mutable_stopping()->set_seconds(5);
    const std::string id = Call(*sweeps_, &SweepStub::CreateSweep, request)->sweep().id();
    const std::string worker = Register();
    v1::TrialReport report = Success(Lease(worker).at(0));
    report.mutable_outcome()->set_kind(kind);
    report.mutable_outcome()->set_message(message);
    EXPECT_EQ(Report(worker, report).code(), 0);
    // The rest is none of this test's.
    v1::PauseSweepRequest pause;
    pause.set_sweep(id);
    EXPECT_TRUE(Call(*sweeps_, &SweepStub::PauseSweep, pause).ok());
    return id;
  }
};

TEST_F(VerificationTest, ItsSweepIsTheTrialAlone) {
  const std::string id = Create("digits", 3).id();
  const std::string worker = Register();
  RunAll(worker);
  const auto created = Verify("digits", 5);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->verifies(), id + "/5");
  EXPECT_EQ(created->name(), "verify-" + id + "-5");
  EXPECT_EQ(created->trials().total(), 1u);
  const std::vector<v1::LeasedTrial> leased = Lease(worker, 4);
  ASSERT_THAT(leased, SizeIs(1));
  EXPECT_EQ(leased[0].sweep_id(), created->id());
  EXPECT_EQ(leased[0].seed(), 2u);
  EXPECT_EQ(leased[0].workload().train().batch_size(), 32u);
  EXPECT_EQ(leased[0].workload().train().epochs(), 3u);
}

TEST_F(VerificationTest, TheTrialKeepsItsResult) {
  Create();
  const std::string worker = Register();
  RunAll(worker);
  ASSERT_TRUE(Verify("digits", 1).ok());
  ASSERT_EQ(Report(worker, Success(Lease(worker).at(0), 99)).code(), 0);
  v1::ListTrialsRequest request;
  request.set_sweep("digits");
  EXPECT_DOUBLE_EQ(Call(*sweeps_, &SweepStub::ListTrials, request)->trials(1).objective(), 0.2);
}

TEST_F(VerificationTest, AnotherWorkerIsPreferred) {
  Create();
  const std::string first = Register("first");
  RunAll(first);
  const std::string second = Register("second");
  ASSERT_TRUE(Verify("digits", 0).ok());
  EXPECT_THAT(Lease(first, 4), SizeIs(0));
  EXPECT_THAT(Lease(second, 4), SizeIs(1));
}

TEST_F(VerificationTest, ATrialWithoutAResultIsRefused) {
  const std::string id = Create().id();
  EXPECT_THAT(Verify(id, 0).status().ToString(), AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("has not begun")));
  Lease(Register());
  EXPECT_THAT(Verify(id, 0).status().ToString(), AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("is RUNNING")));
}

TEST_F(VerificationTest, ATrialThatIsNotThereIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Verify("none", 0).status()));
  const std::string id = Create().id();
  const absl::Status status = Verify(id, 4).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the sweep has trials 0 to 3"));
}

TEST_F(VerificationTest, ATrialThatAClockMayHaveEndedIsRefused) {
  const std::string id = RunWithAClock(v1::TrialOutcome::KIND_SUCCEEDED, "time is up; ended after step 14");
  const absl::Status status = Verify(id, 0).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("stopping.seconds"), HasSubstr("ended after step 14")));
}

// Elsewhere it might.
TEST_F(VerificationTest, ATrialThatItsClockDidNotEndRunsAgainWithoutOne) {
  const auto created = Verify(RunWithAClock(v1::TrialOutcome::KIND_SUCCEEDED, ""), 0);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(Get(created->id()).spec().base().train().stopping().has_seconds());
}

TEST_F(VerificationTest, ATrialThatDivergedBeforeItsClockRunsAgainWithoutOne) {
  const auto created = Verify(RunWithAClock(v1::TrialOutcome::KIND_DIVERGED, "the loss is not finite after step 3"), 0);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_FALSE(Get(created->id()).spec().base().train().stopping().has_seconds());
}

TEST_F(VerificationTest, TheSameRequestGivesTheSameSweep) {
  Create();
  RunAll(Register());
  const std::string id = Verify("digits", 1, "r1")->id();
  EXPECT_EQ(Verify("digits", 1, "r1")->id(), id);
  EXPECT_TRUE(absl::IsAlreadyExists(Verify("digits", 2, "r1").status()));
  EXPECT_NE(Verify("digits", 1)->id(), id);
}

}  // namespace
}  // namespace basin::server::rpc
