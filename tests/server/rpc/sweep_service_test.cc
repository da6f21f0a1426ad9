#include <cmath>

#include "proto/contract/version.h"
#include "tests/server/rpc/test_server.h"

namespace basin::server::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

using SweepStub = v1::SweepService::Stub;

class SweepServiceTest : public RpcTest {
 protected:
  template <typename Request>
  static Request Named(const std::string& sweep) {
    Request request;
    request.set_sweep(sweep);
    return request;
  }
};

TEST_F(SweepServiceTest, ACreatedSweepIsRunningAndComplete) {
  const v1::Sweep sweep = Create();
  EXPECT_THAT(sweep.id(), SizeIs(8));
  EXPECT_EQ(sweep.name(), "digits");
  EXPECT_EQ(sweep.state(), v1::SWEEP_STATE_RUNNING);
  EXPECT_EQ(sweep.configs(), 2u);
  EXPECT_EQ(sweep.seeds(), 2u);
  EXPECT_EQ(sweep.trials().total(), 4u);
  EXPECT_EQ(sweep.trials().pending(), 4u);
  EXPECT_GT(sweep.created_at().seconds(), 0);
  EXPECT_FALSE(sweep.has_spec());
}

TEST_F(SweepServiceTest, ASweepIsGivenByIdPrefixOrNameWithItsSpec) {
  const std::string id = Create().id();
  for (const std::string& text : {id, id.substr(0, 4), std::string("digits")}) {
    const v1::Sweep sweep = Get(text);
    EXPECT_EQ(sweep.id(), id);
    EXPECT_EQ(sweep.spec().name(), "digits");
  }
}

TEST_F(SweepServiceTest, ASweepThatIsNotThereIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Call(*sweeps_, &SweepStub::GetSweep, Named<v1::GetSweepRequest>("none")).status()));
  EXPECT_TRUE(absl::IsNotFound(Call(*sweeps_, &SweepStub::PauseSweep, Named<v1::PauseSweepRequest>("none")).status()));
  EXPECT_TRUE(absl::IsNotFound(Call(*sweeps_, &SweepStub::ListTrials, Named<v1::ListTrialsRequest>("none")).status()));
}

TEST_F(SweepServiceTest, ANameOfTwoSweepsIsRefusedWithTheirIds) {
  const std::string first = Create().id(), second = Create().id();
  const absl::Status status = Call(*sweeps_, &SweepStub::GetSweep, Named<v1::GetSweepRequest>("digits")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), testing::AllOf(HasSubstr(first), HasSubstr(second)));
}

TEST_F(SweepServiceTest, ValidatingStoresNothing) {
  v1::CreateSweepRequest request = DigitsRequest();
  request.set_validate_only(true);
  const auto response = Call(*sweeps_, &SweepStub::CreateSweep, request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->sweep().id(), "");
  EXPECT_EQ(response->sweep().trials().total(), 4u);
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListSweeps, v1::ListSweepsRequest())->sweeps_size(), 0);
}

TEST_F(SweepServiceTest, ASweepIsPausedResumedCancelledAndDeleted) {
  const std::string id = Create().id();
  EXPECT_EQ(Call(*sweeps_, &SweepStub::PauseSweep, Named<v1::PauseSweepRequest>(id))->sweep().state(),
            v1::SWEEP_STATE_PAUSED);
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ResumeSweep, Named<v1::ResumeSweepRequest>(id))->sweep().state(),
            v1::SWEEP_STATE_RUNNING);
  EXPECT_TRUE(
      absl::IsFailedPrecondition(Call(*sweeps_, &SweepStub::DeleteSweep, Named<v1::DeleteSweepRequest>(id)).status()));
  EXPECT_EQ(Call(*sweeps_, &SweepStub::CancelSweep, Named<v1::CancelSweepRequest>(id))->sweep().trials().cancelled(),
            4u);
  EXPECT_TRUE(Call(*sweeps_, &SweepStub::DeleteSweep, Named<v1::DeleteSweepRequest>(id)).ok());
  EXPECT_TRUE(absl::IsNotFound(Call(*sweeps_, &SweepStub::GetSweep, Named<v1::GetSweepRequest>(id)).status()));
}

TEST_F(SweepServiceTest, ARetryQueuesFailedTrialsAgain) {
  v1::CreateSweepRequest request = DigitsRequest();
  request.mutable_spec()->mutable_limits()->set_max_attempts(1);
  const std::string id = Call(*sweeps_, &SweepStub::CreateSweep, request)->sweep().id();
  const std::string worker = Register();
  for (const v1::LeasedTrial& trial : Lease(worker, 4)) {
    v1::TrialReport report = ReportOf(trial);
    report.mutable_outcome()->set_kind(v1::TrialOutcome::KIND_ERROR);
    Report(worker, report);
  }
  ASSERT_EQ(Get(id).state(), v1::SWEEP_STATE_FINISHED);
  const auto response = Call(*sweeps_, &SweepStub::RetrySweep, Named<v1::RetrySweepRequest>(id));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->requeued(), 4u);
  EXPECT_EQ(response->sweep().state(), v1::SWEEP_STATE_RUNNING);
  EXPECT_EQ(response->sweep().trials().pending(), 4u);
}

TEST_F(SweepServiceTest, AFinishedSweepHasItsBestTrial) {
  const std::string id = Create().id();
  RunAll(Register());
  const v1::Sweep sweep = Get(id);
  EXPECT_EQ(sweep.state(), v1::SWEEP_STATE_FINISHED);
  EXPECT_EQ(sweep.trials().succeeded(), 4u);
  EXPECT_EQ(sweep.best_trial(), 0u);
  EXPECT_DOUBLE_EQ(sweep.best_objective(), 0.1);
  EXPECT_GT(sweep.trials_per_second(), 0.0);
}

TEST_F(SweepServiceTest, SweepsAreListedNewestFirstByState) {
  const std::string first = Create("one").id(), second = Create("two").id();
  v1::ListSweepsRequest request;
  const auto all = Call(*sweeps_, &SweepStub::ListSweeps, request);
  ASSERT_EQ(all->sweeps_size(), 2);
  EXPECT_EQ(all->sweeps(0).id(), second);
  EXPECT_EQ(all->sweeps(1).id(), first);
  ASSERT_TRUE(Call(*sweeps_, &SweepStub::PauseSweep, Named<v1::PauseSweepRequest>(first)).ok());
  request.add_states(v1::SWEEP_STATE_PAUSED);
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListSweeps, request)->sweeps_size(), 1);
}

TEST_F(SweepServiceTest, TrialsShowTheirParamsAndResults) {
  Create();
  RunAll(Register("worker-1"));
  const auto trials = Call(*sweeps_, &SweepStub::ListTrials, Named<v1::ListTrialsRequest>("digits"));
  ASSERT_TRUE(trials.ok()) << trials.status();
  ASSERT_EQ(trials->trials_size(), 4);
  const v1::Trial& trial = trials->trials(3);
  EXPECT_EQ(trial.index(), 3u);
  EXPECT_EQ(trial.seed(), 1u);
  EXPECT_EQ(trial.state(), v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_EQ(trial.params(0).value().int_value(), 32);
  EXPECT_DOUBLE_EQ(trial.objective(), 0.4);
  EXPECT_EQ(trial.weights_digest(), "aa");
}

TEST_F(SweepServiceTest, ASweepThatMayReuseResultsTakesThemOverAndSaysSo) {
  const std::string source = Create("first").id();
  const std::string worker = Register();
  RunAll(worker);
  v1::CreateSweepRequest request = DigitsRequest("second", 3);
  request.mutable_spec()->set_reuse(true);
  ASSERT_TRUE(Call(*sweeps_, &SweepStub::CreateSweep, request).ok());
  const std::vector<v1::LeasedTrial> leased = Lease(worker, 4);
  ASSERT_THAT(leased, SizeIs(2));
  EXPECT_EQ(leased[0].index(), 4u);
  v1::DeleteSweepRequest remove = Named<v1::DeleteSweepRequest>("first");
  ASSERT_TRUE(Call(*sweeps_, &SweepStub::DeleteSweep, remove).ok());
  EXPECT_EQ(Get("second").trials().reused(), 4u);
  EXPECT_EQ(Get("second").trials().succeeded(), 4u);
  const auto trials = Call(*sweeps_, &SweepStub::ListTrials, Named<v1::ListTrialsRequest>("second"));
  ASSERT_TRUE(trials.ok()) << trials.status();
  const v1::Trial& trial = trials->trials(3);
  EXPECT_EQ(trial.reused_from(), source + "/3");
  EXPECT_EQ(trial.state(), v1::TRIAL_STATE_SUCCEEDED);
  EXPECT_DOUBLE_EQ(trial.objective(), 0.4);
  EXPECT_DOUBLE_EQ(trial.metrics().at("val_loss"), 0.4);
  EXPECT_EQ(trial.weights_digest(), "aa");
  EXPECT_EQ(trial.attempts(), 0u);
  EXPECT_EQ(trial.params(0).value().int_value(), 32);
  const auto results = Call(*sweeps_, &SweepStub::ListResults, Named<v1::ListResultsRequest>("second"));
  EXPECT_EQ(results->results(0).objective().n(), 2u);
}

TEST_F(SweepServiceTest, ResultsAreAveragedOverSeedsAndRanked) {
  Create();
  RunAll(Register());
  const auto results = Call(*sweeps_, &SweepStub::ListResults, Named<v1::ListResultsRequest>("digits"));
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_THAT(results->param_paths(), ElementsAre("train.batch_size"));
  EXPECT_EQ(results->total_rows(), 2u);
  const v1::ResultRow& best = results->results(0);
  EXPECT_TRUE(best.best());
  EXPECT_THAT(best.params(), ElementsAre("16"));
  EXPECT_EQ(best.objective().n(), 2u);
  EXPECT_DOUBLE_EQ(best.objective().mean(), 0.2);
  EXPECT_NEAR(best.objective().std(), std::sqrt(0.02), 1e-12);
}

TEST_F(SweepServiceTest, ResultsOfACancelledSweepCountTheTrialsThatNeverBegan) {
  const std::string id = Create().id();
  const std::string worker = Register();
  Lease(worker, 2);  // Of 2 x 2: both configs' first seed.
  ASSERT_TRUE(Call(*sweeps_, &SweepStub::CancelSweep, Named<v1::CancelSweepRequest>(id)).ok());
  const auto results = Call(*sweeps_, &SweepStub::ListResults, Named<v1::ListResultsRequest>(id));
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->results_size(), 2);
  for (const v1::ResultRow& row : results->results()) {
    EXPECT_EQ(row.cancelled(), 2u);
    EXPECT_EQ(row.unfinished(), 0u);
  }
}

TEST_F(SweepServiceTest, ResultsOfAnUnknownFieldNameIt) {
  Create();
  v1::ListResultsRequest request = Named<v1::ListResultsRequest>("digits");
  request.add_by("batch_sice");
  EXPECT_THAT(Call(*sweeps_, &SweepStub::ListResults, request).status(), IsViolationAt("by[0]"));
}

TEST_F(SweepServiceTest, PointsAreThoseOfOneMetricAndTrialIfAsked) {
  Create();
  RunAll(Register());
  v1::ListMetricPointsRequest request = Named<v1::ListMetricPointsRequest>("digits");
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListMetricPoints, request)->points_size(), 12);
  request.set_trial(2);
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListMetricPoints, request)->points_size(), 3);
  request.set_metric("val_accuracy");
  EXPECT_EQ(Call(*sweeps_, &SweepStub::ListMetricPoints, request)->points_size(), 0);
}

TEST_F(SweepServiceTest, WorkersAreListedAndDrained) {
  const std::string id = Register("worker-1");
  const auto workers = Call(*sweeps_, &SweepStub::ListWorkers, v1::ListWorkersRequest());
  ASSERT_EQ(workers->workers_size(), 1);
  EXPECT_EQ(workers->workers(0).name(), "worker-1");
  EXPECT_EQ(workers->workers(0).datasets(0).name(), "digits");
  v1::DrainWorkerRequest request;
  request.set_worker("worker-1");
  const auto drained = Call(*sweeps_, &SweepStub::DrainWorker, request);
  ASSERT_TRUE(drained.ok()) << drained.status();
  EXPECT_EQ(drained->worker().id(), id);
  EXPECT_EQ(drained->worker().state(), v1::WORKER_STATE_DRAINING);
}

TEST_F(SweepServiceTest, AWorkerThatIsNotThereIsNotFound) {
  v1::DrainWorkerRequest request;
  request.set_worker("none");
  EXPECT_TRUE(absl::IsNotFound(Call(*sweeps_, &SweepStub::DrainWorker, request).status()));
}

TEST_F(SweepServiceTest, TheServerTellsItsVersions) {
  const auto info = Call(*sweeps_, &SweepStub::GetServerInfo, v1::GetServerInfoRequest());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->version(), contract::kVersion);
  EXPECT_EQ(info->protocol_version(), contract::kProtocolVersion);
  EXPECT_EQ(info->lease().seconds(), 30);
  EXPECT_GT(info->database_bytes(), 0u);
  EXPECT_GT(info->schema_version(), 0u);
}

}  // namespace
}  // namespace basin::server::rpc
