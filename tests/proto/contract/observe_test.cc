// What the contract says of what a training observes of itself.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/canonical.h"
#include "proto/contract/defaults.h"
#include "proto/contract/metric_names.h"
#include "tests/proto/contract/faults.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;

v1::Workload Training(const std::string& settings) {
  v1::Workload workload;
  const std::string text =
      R"(train { dataset { name: "digits" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1 )" +
      settings + " }";
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
  FillDefaults(&workload);
  return workload;
}

TEST(ObserveTest, NamesTheEigenvaluesAtBothEndsAndTheTrace) {
  std::vector<std::string> names =
      MetricNames(Training("observe { curvature { every_epochs: 5 top: 2 trace_probes: 3 } }"));
  const auto plain = static_cast<std::ptrdiff_t>(MetricNames(Training("")).size());
  names.erase(names.begin(), names.begin() + plain);
  EXPECT_THAT(names,
              ElementsAre("hessian_top_1", "hessian_top_1_residual", "hessian_top_2", "hessian_top_2_residual",
                          "hessian_lowest_1", "hessian_lowest_1_residual", "hessian_trace", "hessian_trace_stderr"));
}

TEST(ObserveTest, IsValidWithItsDefaultsAndNeedsToKnowHowOften) {
  EXPECT_THAT(FaultsOf(Training("observe { curvature { every_epochs: 1 } }")), testing::IsEmpty());
  EXPECT_THAT(FaultsOf(Training("observe { curvature {} }")),
              ElementsAre(Fault("train.observe.curvature.every_epochs", "is required")));
}

TEST(ObserveTest, TakesAsManyProductsAsEigenvaluesAndTwoProbesForAnError) {
  EXPECT_THAT(FaultsOf(Training("observe { curvature { every_epochs: 1 top: 9 lowest: 4 iterations: 12 } }")),
              ElementsAre(Fault("train.observe.curvature.iterations", "must be at least 13")));
  EXPECT_THAT(FaultsOf(Training("observe { curvature { every_epochs: 1 trace_probes: 1 } }")),
              ElementsAre(Fault("train.observe.curvature.trace_probes", "at least 2 for a standard error")));
}

TEST(ObserveTest, GivesNoMetricToStopBy) {
  EXPECT_THAT(FaultsOf(Training("observe { curvature { every_epochs: 1 } } "
                                "stopping { early_stopping { metric: 'hessian_top_1' } }")),
              ElementsAre(Fault("train.stopping.early_stopping.metric", "must be a metric of every evaluation")));
}

TEST(ObserveTest, GivesAMetricToCompareBy) {
  v1::SweepSpec spec;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(name: "s" objective { minimize: "hessian_top_1" } seeds { count: 2 })", &spec));
  *spec.mutable_base() = Training("observe { curvature { every_epochs: 1 } }");
  EXPECT_TRUE(ValidateSweep(spec).ok()) << ValidateSweep(spec);
  *spec.mutable_base() = Training("");
  EXPECT_THAT(ViolationsOf(ValidateSweep(spec)),
              ElementsAre(Fault("objective.minimize", "must be a metric of the workload")));
}

TEST(ObserveTest, IsPartOfTheWorkload) {
  EXPECT_NE(CanonicalDigest(Training("observe { curvature { every_epochs: 1 } }")), CanonicalDigest(Training("")));
}

}  // namespace
}  // namespace basin::contract
