#include "worker/job/analyze_job.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/metric_names.h"
#include "worker/data/catalog.h"
#include "worker/job/safetensors.h"
#include "worker/job/training_data.h"

namespace basin::worker::job {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The text of a training of the digits with `changes`.
std::string Training(const std::string& changes = "") {
  v1::TrainWorkload training, other;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(dataset { name: "digits" } model { mlp { hidden: 24 } } batch_size: 32 learning_rate: 0.1 epochs: 6
         optimizer { sgd { momentum: 0.9 } })",
      &training));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(changes, &other)) << changes;
  if (other.has_model()) training.clear_model();
  training.MergeFrom(other);
  return "train { " + training.ShortDebugString() + " } ";
}

class AnalyzeJobTest : public testing::Test {
 protected:
  AnalyzeJobTest() : catalog_(*data::Catalog::Open("")) {}

  // Of the training with `changes`, and what is measured.
  v1::Workload Analysis(const std::string& kind, const std::string& changes = "") {
    v1::Workload workload;
    const std::string text = "analyze { " + Training(changes) + kind + " }";
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
    contract::FillDefaults(&workload);
    return workload;
  }
  JobResult Run(const v1::Workload& workload, uint64_t seed = 3, int threads = 1) {
    points_.clear();
    JobContext context;
    context.catalog = catalog_.get();
    context.threads = threads;
    context.control = &control_;
    context.save_weights = [this](Weights weights) { saved_ = std::move(weights.bytes); };
    if (!stored_.empty()) {
      context.use_stored_weights = [this](const WantedWeights& wanted, const UseWeights& use) {
        wanted_ = wanted;
        used_ = use(stored_);
      };
    }
    context.report = [this](std::span<const v1::MetricPoint> points) {
      points_.insert(points_.end(), points.begin(), points.end());
    };
    return RunJob(workload, seed, context);
  }
  // Runs and must succeed.
  JobResult Measure(const std::string& kind, uint64_t seed = 3, int threads = 1) {
    const JobResult result = Run(Analysis(kind), seed, threads);
    EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
    return result;
  }
  // The training itself.
  JobResult Train(uint64_t seed = 3) {
    v1::Workload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(Training(), &workload));
    contract::FillDefaults(&workload);
    return Run(workload, seed);
  }
  double Last(const std::string& name) const {
    double value = std::nan("");
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) value = point.value();
    }
    return value;
  }
  // With their steps, in order.
  std::vector<v1::MetricPoint> PointsOf(const std::string& name) const {
    std::vector<v1::MetricPoint> points;
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) points.push_back(point);
    }
    return points;
  }
  std::vector<double> Values() const {
    std::vector<double> values;
    for (const v1::MetricPoint& point : points_) values.push_back(point.value());
    return values;
  }

  const std::unique_ptr<data::Catalog> catalog_;
  std::vector<v1::MetricPoint> points_;
  JobControl control_;
  std::string saved_;   // The last trained weights as a file.
  std::string stored_;  // What is at hand for an analysis, if anything.
  WantedWeights wanted_;
  absl::Status used_;
};

constexpr const char* kKinds[] = {"loss_plane { alpha: 0.4 beta: -0.3 }",
                                  "interpolation { alpha: 0.5 other_seed: 9 }",
                                  "curvature { top: 3 lowest: 2 trace_probes: 3 tolerance: 1e-3 }",
                                  "sharpness { draws: 3 epsilon_steps: 2 }",
                                  "gradient_noise {}",
                                  "spectral_density { probes: 2 iterations: 8 points: 30 width: 0.05 }",
                                  "trajectory {}",
                                  "loss_plane { alpha: 2 directions: DIRECTIONS_PRINCIPAL }"};

TEST_F(AnalyzeJobTest, EachKindReportsTheMetricsOfTheContractInTheirOrder) {
  for (const char* kind : kKinds) {
    Measure(kind);
    std::vector<std::string> names;
    for (const v1::MetricPoint& point : points_) {
      if (std::ranges::find(names, point.name()) == names.end()) names.push_back(point.name());
      EXPECT_TRUE(std::isfinite(point.value())) << kind << " " << point.name();
    }
    EXPECT_EQ(names, contract::MetricNames(Analysis(kind))) << kind;
    EXPECT_EQ(points_.back().epoch(), 6) << kind;
  }
}

TEST_F(AnalyzeJobTest, EachKindHasTheSameBitsForAnyNumberOfThreads) {
  for (const char* kind : kKinds) {
    const std::string digest = Measure(kind).weights_digest;
    const std::vector<double> one = Values();
    EXPECT_EQ(Measure(kind, 3, 2).weights_digest, digest) << kind;
    EXPECT_EQ(Values(), one) << kind;
  }
}

TEST_F(AnalyzeJobTest, LooksAtWhatTheTrainingOfTheSameSeedFound) {
  const JobResult trained = Train();
  const double test_loss = Last("test_loss"), test_accuracy = Last("test_accuracy");
  const JobResult middle = Measure("loss_plane { alpha: 0 }");
  EXPECT_EQ(middle.weights_digest, trained.weights_digest);
  EXPECT_EQ(middle.data_digest, trained.data_digest);
  EXPECT_NEAR(Last("test_loss"), test_loss, 1e-9);
  EXPECT_NEAR(Last("test_accuracy"), test_accuracy, 1e-9);
}

// The file of weights with all those of its first layer 0.
std::string WithoutFirstLayer(const std::string& bytes) {
  Safetensors file = *ReadSafetensors(bytes);
  const std::string zeros(file.tensors[0].data.size(), '\0');
  file.tensors[0].data = zeros;
  contract::Sha256 digest;
  for (const Tensor& tensor : file.tensors) digest.Update(tensor.data.data(), tensor.data.size());
  file.metadata["weights_digest"] = digest.FinishHex();
  return WriteSafetensors(file.metadata, file.tensors);
}

TEST_F(AnalyzeJobTest, LooksAtStoredWeightsInsteadOfTrainingAgain) {
  const JobResult trained = Train(41);
  stored_ = WithoutFirstLayer(saved_);
  const JobResult result = Measure("loss_plane { alpha: 0 }", 41);
  EXPECT_TRUE(used_.ok()) << used_;
  EXPECT_EQ(result.weights_digest, ReadSafetensors(stored_)->metadata.at("weights_digest"));
  EXPECT_GT(Last("train_loss"), 2);
  EXPECT_EQ(points_.back().epoch(), 6);
  EXPECT_EQ(wanted_.dataset, "digits");
  EXPECT_EQ(wanted_.identity.seed, 41u);
  EXPECT_EQ(wanted_.identity.data_digest, trained.data_digest);
  EXPECT_EQ(wanted_.identity.engine_fingerprint, EngineFingerprint());
}

TEST_F(AnalyzeJobTest, AStoredNetworkGivesTheSameBitsAsTheTrainedOne) {
  const std::string kind = "train_seed: 42 curvature { top: 2 tolerance: 1e-3 }";
  Train(42);
  stored_ = saved_;
  const JobResult read = Measure(kind);
  EXPECT_TRUE(used_.ok()) << used_;
  EXPECT_EQ(wanted_.identity.seed, 42u);
  const std::vector<double> values = Values();
  stored_.clear();
  // Another text of the same settings: trained anew.
  v1::Workload again = Analysis(kind);
  again.mutable_analyze()->mutable_train()->mutable_stopping()->mutable_target()->set_metric("val_loss");
  again.mutable_analyze()->mutable_train()->mutable_stopping()->mutable_target()->set_value(1e-9);
  const JobResult trained = Run(again, 3);
  EXPECT_EQ(trained.weights_digest, read.weights_digest) << trained.message;
  EXPECT_EQ(Values(), values);
}

TEST_F(AnalyzeJobTest, WeightsThatAreNotThoseOfTheTrainingAreTrained) {
  Train(43);
  stored_ = saved_;
  const JobResult result = Measure("loss_plane { alpha: 0 }", 44);
  EXPECT_EQ(used_, absl::FailedPreconditionError("the weights are of another training: its seed is '43', not '44'"));
  EXPECT_EQ(result.weights_digest, Train(44).weights_digest);
}

TEST_F(AnalyzeJobTest, ASeedOfTheTrainingLeavesTheTrialsToTheDirections) {
  const std::string kind = "train_seed: 5 loss_plane { alpha: 0.7 }";
  const JobResult one = Measure(kind, 1);
  const double loss = Last("train_loss");
  EXPECT_EQ(Measure(kind, 2).weights_digest, one.weights_digest);
  EXPECT_NE(Last("train_loss"), loss);
  EXPECT_EQ(one.weights_digest, Train(5).weights_digest);
}

TEST_F(AnalyzeJobTest, ALineHasBothNetworksAtItsEnds) {
  Train(3);
  const double here = Last("test_loss");
  Train(9);
  const double there = Last("test_loss");
  Measure("interpolation { alpha: 0 other_seed: 9 }");
  EXPECT_NEAR(Last("test_loss"), here, 1e-9);
  Measure("interpolation { alpha: 1 other_seed: 9 }");
  EXPECT_NEAR(Last("test_loss"), there, 1e-5);
  Measure("interpolation { alpha: 0.5 other_seed: 9 }");
  EXPECT_GT(Last("test_loss"), 2 * std::max(here, there));  // Two seeds find different valleys.
}

TEST_F(AnalyzeJobTest, ALineMayLeadToAnotherTraining) {
  Measure("interpolation { alpha: 1 other_seed: 3 " + Training("optimizer { adam {} } learning_rate: 0.01") + " }");
  const double loss = Last("test_loss");
  Measure("loss_plane { alpha: 0 }");
  EXPECT_NE(Last("test_loss"), loss);
}

TEST_F(AnalyzeJobTest, FewerExamplesAreASampleOfAll) {
  Measure("examples: 100 loss_plane { alpha: 0 }");
  EXPECT_NEAR(std::fmod(Last("train_accuracy") * 100, 1), 0, 1e-9);
  Measure("examples: 1000000000 loss_plane { alpha: 0 }");
  const double all = Last("train_loss");
  Measure("loss_plane { alpha: 0 }");
  EXPECT_EQ(Last("train_loss"), all);
}

TEST_F(AnalyzeJobTest, TheVerdictIsTheMessage) {
  const JobResult result = Measure("curvature { tolerance: 1e-3 }");
  EXPECT_THAT(result.message, HasSubstr("gradient norm"));
  EXPECT_GT(Last("hessian_top_1"), Last("hessian_top_2"));
  EXPECT_EQ(
      Last("is_minimum") + Last("is_saddle") + Last("is_plateau") + Last("is_not_stationary") + Last("is_undecided"),
      1);
}

TEST_F(AnalyzeJobTest, ADensityIsACurveOverTheEigenvaluesByTheNumberOfThePlace) {
  Measure("spectral_density { probes: 3 iterations: 20 points: 120 }");
  const std::vector<v1::MetricPoint> places = PointsOf("eigenvalue"), density = PointsOf("density");
  ASSERT_EQ(places.size(), 120u);
  ASSERT_EQ(density.size(), 120u);
  double integral = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    EXPECT_EQ(places[i].step(), i);
    EXPECT_EQ(density[i].step(), i);
    integral += density[i].value() * (places[1].value() - places[0].value());
  }
  EXPECT_NEAR(integral, 1, 0.01);
  EXPECT_NEAR(places.front().value(), Last("eigenvalue_min") - 3 * Last("smoothing_width"), 1e-9);
  const double greatest = Last("eigenvalue_max");
  Measure("curvature { top: 1 }");
  EXPECT_NEAR(greatest, Last("hessian_top_1"), 1e-2 * greatest);
}

TEST_F(AnalyzeJobTest, ATrajectoryLeadsFromTheStartToTheFinalWeights) {
  const std::string test_loss = "test_loss";
  Train();
  const double at_end = Last(test_loss);
  const JobResult result = Measure("trajectory { every_epochs: 4 }");
  std::vector<double> epochs;
  for (const v1::MetricPoint& point : PointsOf("trajectory_x")) epochs.push_back(point.epoch());
  EXPECT_THAT(epochs, testing::ElementsAre(0, 4, 6));
  EXPECT_NEAR(Last("trajectory_x"), 0, 1e-9);
  EXPECT_NEAR(Last("trajectory_y"), 0, 1e-9);
  EXPECT_NEAR(Last(test_loss), at_end, 1e-9);
  EXPECT_GT(PointsOf(test_loss).front().value(), 2);                                  // Of weights that know nothing.
  EXPECT_NEAR(Last("explained_variance_1") + Last("explained_variance_2"), 1, 1e-6);  // Two differences span a plane.
  EXPECT_GT(Last("explained_variance_1"), Last("explained_variance_2"));
  EXPECT_THAT(result.message, StartsWith("3 weights; their plane holds 100.0 %"));
  EXPECT_EQ(result.weights_digest, Train().weights_digest);
}

TEST_F(AnalyzeJobTest, TheTrajectoryLiesOnThePlaneOfItsPrincipalDirections) {
  Measure("trajectory { every_epochs: 4 }");
  const auto x = PointsOf("trajectory_x"), y = PointsOf("trajectory_y"), loss = PointsOf("train_loss");
  for (size_t i = 0; i < x.size(); ++i) {
    v1::Workload plane = Analysis("loss_plane { alpha: 0 directions: DIRECTIONS_PRINCIPAL every_epochs: 4 }");
    plane.mutable_analyze()->mutable_loss_plane()->set_alpha(x[i].value());
    plane.mutable_analyze()->mutable_loss_plane()->set_beta(y[i].value());
    EXPECT_EQ(Run(plane).outcome, JobOutcome::kSucceeded);
    EXPECT_NEAR(Last("train_loss"), loss[i].value(), 1e-3) << i;
  }
}

TEST_F(AnalyzeJobTest, ATrajectoryEndsWithTheWeightsThatEarlyStoppingKept) {
  const std::string stopping = "epochs: 60 stopping { early_stopping { metric: 'val_accuracy' patience: 3 } }";
  const JobResult result = Run(Analysis("trajectory {}", stopping));
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const std::vector<v1::MetricPoint> path = PointsOf("trajectory_x");
  ASSERT_GE(path.size(), 3u);
  for (size_t i = 1; i < path.size(); ++i) EXPECT_GT(path[i].step(), path[i - 1].step());
  EXPECT_NEAR(path.back().value(), 0, 1e-9);
  v1::Workload training = Analysis("trajectory {}", stopping);
  v1::TrainWorkload train = training.analyze().train();
  *training.mutable_train() = train;
  EXPECT_EQ(Run(training).weights_digest, result.weights_digest);
  EXPECT_EQ(points_.back().step(), path.back().step());
}

TEST_F(AnalyzeJobTest, APathOfMoreWeightsThanAreKeptIsRefusedBeforeItBegins) {
  for (const char* field : {"trajectory", "loss_plane"}) {
    const std::string settings = field == std::string("trajectory")
                                     ? "trajectory {}"
                                     : "loss_plane { alpha: 1 directions: DIRECTIONS_PRINCIPAL }";
    const JobResult result = Run(Analysis(settings, "epochs: 5000"));
    EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
    EXPECT_THAT(result.message,
                StartsWith(std::string("analyze.") + field + ".every_epochs: must be at least 6 for 5000"));
  }
}

TEST_F(AnalyzeJobTest, APlaneOfAPathOnALineIsRefused) {
  const JobResult result = Run(Analysis("loss_plane { alpha: 1 directions: DIRECTIONS_PRINCIPAL every_epochs: 6 }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, StartsWith("analyze.loss_plane.every_epochs: the training moved along a line"));
}

TEST_F(AnalyzeJobTest, ADivergedTrainingMakesADivergedTrial) {
  for (const char* kind :
       {"loss_plane { alpha: 0 }", "trajectory {}", "loss_plane { alpha: 0 directions: DIRECTIONS_PRINCIPAL }"}) {
    const JobResult result = Run(Analysis(kind, "loss { squared_error {} } learning_rate: 1e6"));
    EXPECT_EQ(result.outcome, JobOutcome::kDiverged) << kind;
    EXPECT_THAT(result.message, StartsWith("the training diverged after step")) << kind;
  }
}

TEST_F(AnalyzeJobTest, AFaultOfTheTrainingIsSaidAtItsPlace) {
  const JobResult result = Run(Analysis("loss_plane { alpha: 0 }", "batch_size: 100000"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, StartsWith("analyze.train.batch_size: "));
}

TEST_F(AnalyzeJobTest, ALineBetweenNetworksOfOtherSizesIsRefused) {
  const std::string other = Training("model { mlp { hidden: 7 } }");
  const JobResult result = Run(Analysis("interpolation { alpha: 1 other_seed: 3 " + other + " }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, StartsWith("analyze.interpolation.train.model: must have as many parameters"));
}

TEST_F(AnalyzeJobTest, ALineFromANetworkToItselfIsRefused) {
  const JobResult result = Run(Analysis("interpolation { alpha: 1 other_seed: 3 }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, HasSubstr("a direction is zero"));
}

TEST_F(AnalyzeJobTest, BatchesTooLargeForTheNoiseAreRefused) {
  const JobResult result = Run(Analysis("gradient_noise { batch_size: 1000 }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, StartsWith("analyze.gradient_noise.batch_size: the gradient noise takes two batches"));
}

TEST(LanczosMemoryTest, WhatNoMachineHasIsRefused) {
  EXPECT_TRUE(CheckLanczosMemory(200, 100'000).ok());
  const absl::Status fault = CheckLanczosMemory(2000, size_t{1} << 40);
  EXPECT_TRUE(absl::IsResourceExhausted(fault));
  EXPECT_THAT(std::string(fault.message()), HasSubstr("this worker has not enough memory: the trial needs 8796"));
  EXPECT_TRUE(CheckLanczosMemory(2000, 10).ok()) << "ten vectors of ten elements";
}

TEST_F(AnalyzeJobTest, AStopEndsTheTraining) {
  control_.Stop();
  EXPECT_EQ(Run(Analysis("loss_plane { alpha: 0 }", "learning_rate: 0.0123")).outcome, JobOutcome::kStopped);
}

}  // namespace
}  // namespace basin::worker::job
