#include "proto/contract/validate.h"

#include <limits>

#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/worker_service.pb.h"
#include "gmock/gmock.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {

void PrintTo(const Violation& violation, std::ostream* out) { *out << violation.path << ": " << violation.description; }

namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

auto Fault(const std::string& path, const std::string& description) {
  return AllOf(Field(&Violation::path, path), Field(&Violation::description, HasSubstr(description)));
}

TEST(CheckRulesTest, RequiredFieldWithoutPresenceMustNotBeZero) {
  const auto request =
      Parse<v1::RegisterWorkerRequest>("slots: 1 threads_per_trial: 1 name: 'w' engine_fingerprint: 'f'");
  EXPECT_THAT(CheckRules(request), ElementsAre(Fault("protocol_version", "is required")));
}

TEST(CheckRulesTest, BoundsHoldForAFieldWithoutPresence) {
  const auto request =
      Parse<v1::RegisterWorkerRequest>("threads_per_trial: 1 protocol_version: 1 name: 'w' engine_fingerprint: 'f'");
  EXPECT_THAT(CheckRules(request), ElementsAre(Fault("slots", "must be at least 1, is 0")));
}

TEST(CheckRulesTest, AbsentOptionalFieldIsNotChecked) { EXPECT_THAT(CheckRules(v1::Limits()), IsEmpty()); }

TEST(CheckRulesTest, StringIsBoundedInBytes) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = Sweep();
  request.set_request_id(std::string(129, 'x'));
  EXPECT_THAT(CheckRules(request), ElementsAre(Fault("request_id", "at most 128 bytes long, has 129")));
}

TEST(CheckRulesTest, ListIsBoundedInElements) {
  v1::Mlp mlp;
  for (int i = 0; i < 65; ++i) mlp.add_hidden(1);
  EXPECT_THAT(CheckRules(mlp), ElementsAre(Fault("hidden", "at most 64 elements, has 65")));
}

TEST(CheckRulesTest, EachElementOfAListIsBounded) {
  EXPECT_THAT(CheckRules(Parse<v1::Mlp>("hidden: [ 8, 0, 2000000 ]")),
              ElementsAre(Fault("hidden[1]", "must be at least 1, is 0"),
                          Fault("hidden[2]", "must be at most 1048576, is 2000000")));
}

TEST(CheckRulesTest, BaseOfASweepInARequestMayLackWhatDomainsGive) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = SweepWithout({"learning_rate"}, R"pb(
    domains {
      path: "train.learning_rate"
      values { values { double_value: 0.1 } }
    }
  )pb");
  EXPECT_THAT(CheckRules(request), IsEmpty());
}

TEST(CheckRulesTest, PathsBeginAtTheCheckedMessage) {
  v1::CreateSweepRequest request;
  *request.mutable_spec() = SweepWith([](v1::TrainWorkload* train) { train->set_batch_size(0); });
  EXPECT_THAT(CheckRules(request), ElementsAre(Fault("spec.base.train.batch_size", "must be at least 1")));
}

TEST(CheckRulesTest, MetricPointsMayBeNan) {
  auto request = Parse<v1::ReportRequest>("worker_id: 'w' trials { sweep_id: 's' attempt: 1 points { name: 'loss' } }");
  request.mutable_trials(0)->mutable_points(0)->set_value(std::numeric_limits<double>::quiet_NaN());
  EXPECT_THAT(CheckRules(request), IsEmpty());
}

TEST(CheckRulesTest, UnknownFieldInAnElementIsNamed) {
  auto request = Parse<v1::ReportRequest>("worker_id: 'w' trials { sweep_id: 's' attempt: 1 points { name: 'loss' } }");
  v1::MetricPoint* point = request.mutable_trials(0)->mutable_points(0);
  point->GetReflection()->MutableUnknownFields(point)->AddVarint(99, 1);
  EXPECT_THAT(CheckRules(request), ElementsAre(Fault("trials[0].points[0]", "field number 99")));
}

TEST(CheckRulesTest, UnknownEnumValueIsRefused) {
  v1::Mlp mlp = Parse<v1::Mlp>("hidden: 8");
  mlp.set_activation(static_cast<v1::Activation>(17));
  EXPECT_THAT(CheckRules(mlp), ElementsAre(Fault("activation", "must be one of relu, tanh, gelu, is '17'")));
}

TEST(CheckRulesTest, KeywordsNumberIsWithinTheRule) {
  v1::SweepSpec spec = SweepWith([](v1::TrainWorkload* train) { train->set_batch_size(4294967295u); });
  EXPECT_TRUE(ValidateSweep(spec).ok());
}

TEST(CheckRulesTest, StopsAtAHundredViolations) {
  v1::Values values;
  for (int i = 0; i < 500; ++i) values.add_values();
  EXPECT_THAT(CheckRules(values), SizeIs(100));
}

TEST(ValidateResolvedTest, AbsentRequiredFieldIsRefused) {
  v1::Workload workload = Sweep().base();
  workload.mutable_train()->clear_learning_rate();
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)), ElementsAre(Fault("train.learning_rate", "is required")));
}

TEST(ValidateResolvedTest, NesterovRefusesDampening) {
  v1::Workload workload = Sweep().base();
  *workload.mutable_train()->mutable_optimizer() =
      Parse<v1::Optimizer>("sgd { momentum: 0.9 dampening: 0.5 nesterov: true }");
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.optimizer.sgd.nesterov", "needs dampening 0")));
}

TEST(ValidateResolvedTest, WarmupInStepsIsComparedWithALengthInSteps) {
  v1::Workload workload = Sweep().base();
  workload.mutable_train()->set_steps(100);
  *workload.mutable_train()->mutable_schedule() = Parse<v1::Schedule>("warmup { steps: 101 then { constant {} } }");
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.schedule.warmup.steps", "101 of 100 steps")));
}

TEST(ValidateResolvedTest, ARuleFollowsAMetricOfEveryEvaluation) {
  v1::Workload workload = Sweep().base();
  v1::TrainWorkload* train = workload.mutable_train();
  train->mutable_stopping()->mutable_early_stopping()->set_metric("val_los");
  *train->mutable_schedule() =
      Parse<v1::Schedule>("sequence { parts { schedule { plateau { metric: 'swa_val_loss' } } } }");
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.schedule.sequence.parts[0].schedule.plateau.metric", "is 'swa_val_loss'"),
                          Fault("train.stopping.early_stopping.metric", "did you mean 'val_loss'?")));
  train->mutable_stopping()->mutable_early_stopping()->set_metric("val_loss");
  train->mutable_averaging()->mutable_swa();
  EXPECT_TRUE(ValidateResolved(workload).ok());
  // What a target leaves is not there before it is reached.
  train->mutable_stopping()->mutable_target()->set_metric("examples_to_target");
  train->mutable_stopping()->mutable_target()->set_value(1);
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)), ElementsAre(Fault("train.stopping.target.metric", "must be")));
}

TEST(ValidateResolvedTest, AScheduleThatFollowsTheAveragingNeedsIt) {
  v1::Workload workload = Sweep().base();
  *workload.mutable_train()->mutable_schedule() = Parse<v1::Schedule>("swa { until { constant {} } factor: 0.5 }");
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.schedule.swa", "needs averaging.swa")));
}

TEST(ValidateResolvedTest, AnEnsembleNeedsALossOfProbabilities) {
  v1::Workload workload = Sweep().base();
  workload.mutable_train()->mutable_averaging()->mutable_ensemble()->set_every_epochs(1);
  EXPECT_TRUE(ValidateResolved(workload).ok());
  workload.mutable_train()->mutable_loss()->mutable_squared_error();
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.averaging.ensemble", "need loss.cross_entropy")));
}

TEST(ValidateResolvedTest, AnEnsembleNeedsATimeToTakeWeights) {
  v1::Workload workload = Sweep().base();
  v1::TrainWorkload* train = workload.mutable_train();
  train->mutable_averaging()->mutable_ensemble();
  train->mutable_schedule()->mutable_constant();
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.averaging.ensemble.at_cycle_ends", "no cycle of the schedule ends")));
  *train->mutable_schedule() = Parse<v1::Schedule>("sgdr { first_period_epochs: 1 }");
  EXPECT_TRUE(ValidateResolved(workload).ok());
  train->mutable_averaging()->mutable_ensemble()->set_every_epochs(1e6);
  EXPECT_THAT(ViolationsOf(ValidateResolved(workload)),
              ElementsAre(Fault("train.averaging.ensemble.every_epochs", "is longer than the training")));
}

TEST(ValidateResolvedTest, WarmupInStepsOfATrainingInEpochsIsLeftToTheWorker) {
  v1::Workload workload = Sweep().base();
  *workload.mutable_train()->mutable_schedule() = Parse<v1::Schedule>("warmup { steps: 1000000 then { constant {} } }");
  EXPECT_TRUE(ValidateResolved(workload).ok());
}

}  // namespace
}  // namespace basin::contract
