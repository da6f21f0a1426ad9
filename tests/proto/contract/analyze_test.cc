// What the contract says of analyses: their metrics, their data, and the faults between their fields.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/defaults.h"
#include "proto/contract/metric_names.h"
#include "proto/contract/space.h"
#include "tests/proto/contract/faults.h"

namespace basin::contract {
namespace {

using testing::ElementsAre;

constexpr char kTraining[] =
    R"(train { dataset { name: "digits" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1 })";

v1::Workload Analysis(const std::string& kind, const std::string& training = kTraining) {
  v1::Workload workload;
  const std::string text = "analyze { " + training + kind + " }";
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
  FillDefaults(&workload);
  return workload;
}

TEST(AnalysisTest, OfEachKindIsValidWithItsDefaults) {
  for (const char* kind : {"loss_plane { alpha: 1 }", "interpolation { alpha: 0.5 other_seed: 2 }", "curvature {}",
                           "sharpness {}", "gradient_noise {}", "spectral_density {}", "trajectory {}",
                           "loss_plane { alpha: 1 directions: DIRECTIONS_PRINCIPAL every_epochs: 2 }"}) {
    EXPECT_TRUE(ValidateResolved(Analysis(kind)).ok()) << kind << ValidateResolved(Analysis(kind));
  }
}

TEST(AnalysisTest, NeedsATrainingAndAKind) {
  EXPECT_THAT(FaultsOf(Analysis("curvature {}", "")), ElementsAre(Fault("analyze.train", "is required")));
  EXPECT_THAT(FaultsOf(Analysis("")), ElementsAre(Fault("analyze", "needs one of loss_plane, interpolation")));
  EXPECT_THAT(FaultsOf(Analysis("loss_plane {}")), ElementsAre(Fault("analyze.loss_plane.alpha", "is required")));
}

TEST(AnalysisTest, FaultsOfItsTrainingsHaveTheirPlaces) {
  const std::string nesterov =
      R"(train { dataset { name: "digits" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1
                 optimizer { sgd { nesterov: true } } })";
  EXPECT_THAT(FaultsOf(Analysis("curvature {}", nesterov)),
              ElementsAre(Fault("analyze.train.optimizer.sgd.nesterov", "needs a momentum")));
  EXPECT_THAT(FaultsOf(Analysis("interpolation { alpha: 1 other_seed: 1 " + nesterov + " }")),
              ElementsAre(Fault("analyze.interpolation.train.optimizer.sgd.nesterov", "needs a momentum")));
}

TEST(AnalysisTest, ATrainingEndedByTheClockIsRefused) {
  const std::string timed =
      R"(train { dataset { name: "digits" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1
                 stopping { seconds: 3 } })";
  EXPECT_THAT(FaultsOf(Analysis("curvature {}", timed)),
              ElementsAre(Fault("analyze.train.stopping.seconds", "no two runs would find the same weights")));
}

TEST(AnalysisTest, ALineLeadsToATrainingOfTheSameData) {
  const std::string other =
      R"(train { dataset { name: "mnist" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1 })";
  EXPECT_THAT(FaultsOf(Analysis("interpolation { alpha: 1 other_seed: 1 " + other + " }")),
              ElementsAre(Fault("analyze.interpolation.train.dataset", "must be that of analyze.train")));
  EXPECT_TRUE(
      ValidateResolved(Analysis("interpolation { alpha: 1 other_seed: 1 " + std::string(kTraining) + " }")).ok());
}

TEST(AnalysisTest, CurvatureTakesAsManyProductsAsEigenvalues) {
  EXPECT_THAT(FaultsOf(Analysis("curvature { top: 9 lowest: 4 iterations: 12 }")),
              ElementsAre(Fault("analyze.curvature.iterations", "must be at least 13")));
  EXPECT_THAT(FaultsOf(Analysis("curvature { trace_probes: 1 }")),
              ElementsAre(Fault("analyze.curvature.trace_probes", "at least 2 for a standard error")));
}

TEST(AnalysisTest, CurvatureNamesEachEigenvalueAndItsResidual) {
  EXPECT_THAT(MetricNames(Analysis("curvature { top: 2 lowest: 1 }")),
              ElementsAre("train_loss", "grad_norm", "hessian_top_1", "hessian_top_1_residual", "hessian_top_2",
                          "hessian_top_2_residual", "hessian_lowest_1", "hessian_lowest_1_residual",
                          "negative_eigenvalues", "negative_eigenvalues_settled", "converged", "is_minimum",
                          "is_saddle", "is_plateau", "is_not_stationary", "is_undecided"));
  // Of a base whose defaults are not filled in, too.
  v1::Workload base;
  base.mutable_analyze()->mutable_curvature()->set_trace_probes(4);
  EXPECT_THAT(MetricNames(base), testing::IsSupersetOf({"hessian_top_5", "hessian_trace", "hessian_trace_stderr"}));
}

TEST(AnalysisTest, ADensityHasAPlaceForEachWidth) {
  EXPECT_THAT(
      FaultsOf(Analysis("spectral_density { points: 106 }")),
      ElementsAre(Fault("analyze.spectral_density.points", "must be at least 107, or peaks of a width of 0.01")));
  EXPECT_TRUE(ValidateResolved(Analysis("spectral_density { points: 107 }")).ok());
  EXPECT_TRUE(ValidateResolved(Analysis("spectral_density { points: 27 width: 0.05 }")).ok());
}

TEST(AnalysisTest, RandomDirectionsHaveNoPath) {
  EXPECT_THAT(FaultsOf(Analysis("loss_plane { alpha: 1 every_epochs: 2 }")),
              ElementsAre(Fault("analyze.loss_plane.every_epochs", "must not be set without `directions: principal`")));
}

TEST(AnalysisTest, ObservesNothingOfItsTraining) {
  const std::string observed =
      R"(train { dataset { name: "digits" } model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1
                 observe { curvature { every_epochs: 1 } } })";
  EXPECT_THAT(FaultsOf(Analysis("curvature {}", observed)),
              ElementsAre(Fault("analyze.train.observe", "looks at the end of a training alone")));
}

TEST(AnalysisTest, NeedsTheDataOfItsTraining) {
  EXPECT_EQ(DatasetName(DatasetOf(Analysis("curvature {}"))), "digits");
  v1::SweepSpec spec;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(name: "s" objective { minimize: "test_loss" } seeds { count: 2 }
         base { analyze { train { model { mlp { hidden: 8 } } epochs: 2 batch_size: 8 learning_rate: 0.1 }
                          loss_plane {} } }
         domains { path: "analyze.loss_plane.alpha" uniform { low: -1 high: 1 points: 3 } }
         domains { path: "analyze.train.dataset.name" values { values { string_value: "digits" }
                                                               values { string_value: "mnist" } } })",
      &spec));
  ASSERT_TRUE(ValidateSweep(spec).ok()) << ValidateSweep(spec);
  const auto space = Space::Create(spec);
  ASSERT_TRUE(space.ok()) << space.status();
  ASSERT_EQ((*space)->size(), 6u);
  for (uint64_t i = 0; i < 6; ++i) EXPECT_EQ((*space)->DatasetOf(i), i % 2 == 0 ? "digits" : "mnist") << i;
}

}  // namespace
}  // namespace basin::contract
