#include "proto/contract/version.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using WorkerStub = v1::WorkerService::Stub;

class WorkerServiceTest : public RpcTest {};

TEST_F(WorkerServiceTest, ALeasedTrialIsResolved) {
  Create();
  const auto trials = Lease(Register(), 4);
  ASSERT_THAT(trials, SizeIs(4));
  EXPECT_EQ(trials[1].workload().train().batch_size(), 32u);
  EXPECT_EQ(trials[1].workload().train().dataset().validation_fraction(), 0.1);
  EXPECT_EQ(trials[3].seed(), 1u);
  EXPECT_FALSE(trials[0].has_time_limit());
}

TEST_F(WorkerServiceTest, ALeasedTrialHasItsTimeLimit) {
  v1::CreateSweepRequest request = DigitsRequest();
  request.mutable_spec()->mutable_limits()->set_trial_seconds(1.5);
  ASSERT_TRUE(Call(*sweeps_, &v1::SweepService::Stub::CreateSweep, request).ok());
  const auto trials = Lease(Register());
  EXPECT_EQ(trials.at(0).time_limit().seconds(), 1);
  EXPECT_EQ(trials.at(0).time_limit().nanos(), 500000000);
}

TEST_F(WorkerServiceTest, ARepeatedLeaseCallGivesTheSameTrials) {
  Create();
  v1::LeaseTrialsRequest request;
  request.set_worker_id(Register());
  request.set_max_trials(2);
  request.set_request_id("r1");
  const auto first = Call(*workers_, &WorkerStub::LeaseTrials, request);
  const auto again = Call(*workers_, &WorkerStub::LeaseTrials, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(again->trials_size(), 2);
}

TEST_F(WorkerServiceTest, AnUnknownWorkerIsNotFound) {
  v1::LeaseTrialsRequest lease;
  lease.set_worker_id("w-none");
  lease.set_max_trials(1);
  EXPECT_TRUE(absl::IsNotFound(Call(*workers_, &WorkerStub::LeaseTrials, lease).status()));
  v1::ReportRequest report;
  report.set_worker_id("w-none");
  EXPECT_TRUE(absl::IsNotFound(Call(*workers_, &WorkerStub::Report, report).status()));
}

TEST_F(WorkerServiceTest, AnotherProtocolVersionIsRefusedWithBothNumbers) {
  v1::RegisterWorkerRequest request;
  request.set_name("w");
  request.set_protocol_version(contract::kProtocolVersion + 6);
  const absl::Status status = Call(*workers_, &WorkerStub::RegisterWorker, request).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr("7"), HasSubstr("1")));
}

TEST_F(WorkerServiceTest, TheRegistrationTellsLeaseAndHeartbeat) {
  v1::RegisterWorkerRequest request;
  request.set_name("w");
  request.set_protocol_version(contract::kProtocolVersion);
  request.set_engine_fingerprint("e");
  request.set_slots(1);
  request.set_threads_per_trial(1);
  const auto response = Call(*workers_, &WorkerStub::RegisterWorker, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->lease().seconds(), 30);
  EXPECT_EQ(response->heartbeat().seconds(), 10);
}

TEST_F(WorkerServiceTest, AnAcceptedOutcomeRepeatedIsAcceptedAndAnotherIsNot) {
  Create();
  const std::string worker = Register();
  const auto trial = Lease(worker).at(0);
  v1::TrialReport report = Success(trial);
  EXPECT_EQ(Report(worker, report).code(), 0);
  EXPECT_EQ(Report(worker, report).code(), 0);
  report.mutable_outcome()->set_weights_digest("bb");
  EXPECT_EQ(Report(worker, report).code(), grpc::StatusCode::ALREADY_EXISTS);
}

TEST_F(WorkerServiceTest, AStaleAttemptIsLost) {
  Create();
  const std::string worker = Register();
  v1::TrialReport report = Success(Lease(worker).at(0));
  report.set_attempt(7);
  const v1::TrialReportResult result = Report(worker, report);
  EXPECT_EQ(result.directive(), v1::TrialReportResult::DIRECTIVE_LOST);
  EXPECT_EQ(result.code(), grpc::StatusCode::ABORTED);
}

TEST_F(WorkerServiceTest, AGapInTheSequenceIsRefusedWithTheNextNumber) {
  Create();
  const std::string worker = Register();
  v1::TrialReport report = Success(Lease(worker).at(0));
  report.clear_outcome();
  report.set_first_sequence(5);
  const v1::TrialReportResult result = Report(worker, report);
  EXPECT_EQ(result.code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(result.next_sequence(), 0u);
}

TEST_F(WorkerServiceTest, WhatIsWrongWithOneTrialTouchesNoOther) {
  const std::string id = Create().id();
  const std::string worker = Register();
  const auto trials = Lease(worker, 3);
  v1::ReportRequest request;
  request.set_worker_id(worker);
  for (const v1::LeasedTrial& trial : trials) *request.add_trials() = Success(trial);
  request.mutable_trials(0)->set_attempt(0);
  request.mutable_trials(1)->mutable_points(2)->set_name("../loss");
  const auto response = Call(*workers_, &WorkerStub::Report, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->results(0).code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(response->results(0).message(), HasSubstr("attempt"));
  EXPECT_EQ(response->results(1).code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(response->results(1).message(), HasSubstr("points[2].name"));
  EXPECT_EQ(response->results(2).code(), 0);
  EXPECT_EQ(Get(id).trials().succeeded(), 1u);
}

TEST_F(WorkerServiceTest, ValuesThatAreNotFiniteAreStored) {
  Create();
  const std::string worker = Register();
  v1::TrialReport report = Success(Lease(worker).at(0));
  report.mutable_points(0)->set_value(std::numeric_limits<double>::quiet_NaN());
  report.mutable_points(1)->set_value(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Report(worker, report).code(), 0);
}

TEST_F(WorkerServiceTest, ALeavingWorkersTrialsAreQueuedAgainWithoutAFailure) {
  const std::string id = Create().id();
  const std::string worker = Register();
  ASSERT_THAT(Lease(worker, 2), SizeIs(2));
  v1::UnregisterWorkerRequest request;
  request.set_worker_id(worker);
  ASSERT_TRUE(Call(*workers_, &WorkerStub::UnregisterWorker, request).ok());
  EXPECT_EQ(Get(id).trials().pending(), 4u);
}

TEST_F(WorkerServiceTest, ADrainingWorkerIsTold) {
  Create();
  const std::string worker = Register("w");
  v1::DrainWorkerRequest drain;
  drain.set_worker("w");
  ASSERT_TRUE(Call(*sweeps_, &v1::SweepService::Stub::DrainWorker, drain).ok());
  v1::LeaseTrialsRequest request;
  request.set_worker_id(worker);
  request.set_max_trials(1);
  const auto response = Call(*workers_, &WorkerStub::LeaseTrials, request);
  EXPECT_TRUE(response->drain());
  EXPECT_THAT(response->trials(), IsEmpty());
}

TEST_F(WorkerServiceTest, ADataSetNamedTwiceIsRefused) {
  v1::RegisterWorkerRequest request;
  request.set_name("w");
  request.set_protocol_version(contract::kProtocolVersion);
  request.set_engine_fingerprint("e");
  request.set_slots(1);
  request.set_threads_per_trial(1);
  request.add_datasets()->set_name("digits");
  request.add_datasets()->set_name("digits");
  EXPECT_THAT(Call(*workers_, &WorkerStub::RegisterWorker, request).status(), IsViolationAt("datasets[1].name"));
}

}  // namespace
}  // namespace basin::server::rpc
