#include "worker/job/surface_job.h"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/metric_names.h"
#include "worker/job/safetensors.h"

namespace basin::worker::job {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class SurfaceJobTest : public testing::Test {
 protected:
  JobResult Run(const std::string& settings, uint64_t seed = 0) {
    v1::Workload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("surface { " + settings + " }", &workload)) << settings;
    contract::FillDefaults(&workload);
    names_ = contract::MetricNames(workload);
    points_.clear();
    file_.clear();
    JobContext context;
    context.report = [this](std::span<const v1::MetricPoint> points) {
      points_.insert(points_.end(), points.begin(), points.end());
    };
    context.save_weights = [this](Weights weights) { file_ = std::move(weights.bytes); };
    context.control = &control_;
    return RunJob(workload, seed, context);
  }
  double Last(const std::string& name) const {
    double value = std::nan("");
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) value = point.value();
    }
    return value;
  }
  // How many of the seeds below `seeds` end with the metric at 1.
  int Count(const std::string& settings, const std::string& metric, uint64_t seeds) {
    int count = 0;
    for (uint64_t seed = 0; seed < seeds; ++seed) {
      const JobResult result = Run(settings, seed);
      EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
      count += Last(metric) == 1;
    }
    return count;
  }

  JobControl control_;
  std::vector<std::string> names_;
  std::vector<v1::MetricPoint> points_;
  std::string file_;
};

constexpr char kHimmelblau[] = "function { himmelblau {} } steps: 500 learning_rate: 0.01 ";

TEST_F(SurfaceJobTest, WithoutStepsTheStartIsTold) {
  for (const char* schedule : {"constant {}", "cosine {}", "one_cycle {}"}) {
    const JobResult result = Run(
        std::string("function { himmelblau {} } steps: 0 learning_rate: 1 start { point { coordinates: [1, 2] } } ") +
        "schedule { " + schedule + " }");
    EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
    EXPECT_EQ(Last("loss"), 64 + 4);  // (1 + 2 - 11)^2 + (1 + 4 - 7)^2.
    EXPECT_EQ(Last("x2"), 2);
    EXPECT_EQ(points_.back().step(), 0u);
  }
}

TEST_F(SurfaceJobTest, ReportsTheMetricsOfTheContractAndWhereItEnded) {
  const JobResult result = Run(std::string(kHimmelblau) + "start { point { coordinates: [2, 2] } }");
  EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  EXPECT_EQ(result.message, "ended at the global minimum (3, 2), value 0");
  EXPECT_THAT(result.weights_digest, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(result.data_digest, "");
  // At steps 0, 100, ..., 500, and the endings at the last alone.
  ASSERT_THAT(points_, SizeIs(5 * 6 + 4));
  EXPECT_EQ(points_[0].value(), 26) << "(4 + 2 - 11)^2 + (2 + 4 - 7)^2";
  std::vector<std::string> last;
  for (size_t i = 5 * 5; i < points_.size(); ++i) last.push_back(points_[i].name());
  EXPECT_EQ(last, names_);
  EXPECT_EQ(points_.back().step(), 500u);
  EXPECT_LT(Last("grad_norm"), 1e-3);
  EXPECT_NEAR(Last("x1"), 3, 1e-4);
  EXPECT_EQ(Last("ended_global_minimum") + Last("ended_local_minimum") + Last("ended_saddle") + Last("ended_nowhere"),
            1);
}

TEST_F(SurfaceJobTest, TheSeedGivesTheStartAndTheNoise) {
  const JobResult first = Run(kHimmelblau, 3);
  EXPECT_EQ(Run(kHimmelblau, 3).weights_digest, first.weights_digest);
  EXPECT_NE(Run(kHimmelblau, 4).weights_digest, first.weights_digest);
  const std::string noisy = std::string(kHimmelblau) + "start { point { coordinates: [2, 2] } } gradient_noise: 1";
  EXPECT_EQ(Run(noisy, 3).weights_digest, Run(noisy, 3).weights_digest);
  EXPECT_NE(Run(noisy, 3).weights_digest, Run(noisy, 4).weights_digest);
  Run(std::string(kHimmelblau) + "start { uniform { low: 4 high: 4 } }");
  EXPECT_EQ(points_[3].name(), "x1");
  EXPECT_EQ(points_[3].value(), 4);
}

TEST_F(SurfaceJobTest, NoiseLeavesABadMinimumInWhichPlainDescentStays) {
  const std::string wells =
      "function { two_wells { tilt: 0.3 } } start { point { coordinates: [1, 0] } } steps: 3000 learning_rate: 0.05 "
      "schedule { linear { end_factor: 0.001 } } ";
  EXPECT_EQ(Count(wells, "ended_local_minimum", 5), 5);
  EXPECT_GE(Count(wells + "gradient_noise: 6", "ended_global_minimum", 20), 7);
}

TEST_F(SurfaceJobTest, NoiseLeavesASaddleAtWhichPlainDescentStops) {
  const std::string saddle =
      "function { saddle {} } start { point { coordinates: [1, 0] } } steps: 300 learning_rate: 0.05 ";
  EXPECT_EQ(Count(saddle, "ended_saddle", 1), 1);
  EXPECT_EQ(Count(saddle + "gradient_noise: 0.01", "ended_nowhere", 5), 5);
}

TEST_F(SurfaceJobTest, EveryOptimizerDescends) {
  const google::protobuf::OneofDescriptor* kinds = v1::Optimizer::descriptor()->FindOneofByName("kind");
  ASSERT_EQ(kinds->field_count(), 8);
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string& name = kinds->field(i)->name();
    const JobResult result =
        Run("function { quadratic { dimensions: 5 condition_number: 10 } } steps: 3000 learning_rate: 0.05 clip { "
            "norm: 5 } "
            "schedule { cosine {} } optimizer { " +
                name + " {} }",
            1);
    EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
    EXPECT_LT(points_.front().name() == "loss" ? Last("loss") / points_.front().value() : 1, 0.5) << name;
  }
}

TEST_F(SurfaceJobTest, ADescentWithoutEndDiverges) {
  const JobResult result = Run("function { saddle {} } steps: 100000 learning_rate: 0.1 ", 1);
  EXPECT_EQ(result.outcome, JobOutcome::kDiverged);
  EXPECT_THAT(result.message, testing::MatchesRegex("the loss is not finite after step [0-9]+"));
  EXPECT_EQ(file_, "");
}

TEST_F(SurfaceJobTest, LeavesItsTrajectory) {
  const JobResult result = Run(
      "function { beale {} } steps: 250 learning_rate: 0.001 report_every: 100 start { point { coordinates: [1, 1] } }",
      2);
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const auto file = ReadSafetensors(file_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_THAT(file->tensors, SizeIs(3));
  std::map<std::string, Tensor> tensors;
  for (const Tensor& tensor : file->tensors) tensors[tensor.name] = tensor;
  EXPECT_THAT(tensors["trajectory"].shape, ElementsAre(4, 2)) << "at steps 0, 100, 200, 250";
  EXPECT_EQ(tensors["x"].data, tensors["trajectory"].data.substr(3 * 2 * sizeof(float)));
  EXPECT_EQ(contract::Sha256Hex(tensors["x"].data), result.weights_digest);
}

TEST_F(SurfaceJobTest, StopsWhenAsked) {
  control_.Stop();
  EXPECT_EQ(Run(kHimmelblau).outcome, JobOutcome::kStopped);
}

TEST_F(SurfaceJobTest, FaultsBetweenFieldsNameThem) {
  const auto fault = [&](const std::string& settings) {
    const bool has_steps = settings.find(" steps:") != std::string::npos;
    const JobResult result = Run((has_steps ? "" : "steps: 10 ") + ("learning_rate: 0.1 " + settings));
    EXPECT_EQ(result.outcome, JobOutcome::kInvalid) << settings;
    return result.message;
  };
  EXPECT_THAT(fault("function { beale {} } start { point { coordinates: [1, 2, 3] } }"),
              HasSubstr("surface.start.point.coordinates: must be 2, as the function's dimensions; are 3"));
  EXPECT_THAT(fault("function { beale {} } start { uniform { low: 1 } }"),
              HasSubstr("surface.start.uniform: must have"));
  EXPECT_THAT(fault("function { beale {} } start { uniform { low: 1 high: 0 } }"),
              HasSubstr("surface.start.uniform.high: must not be below low"));
  EXPECT_THAT(fault("function { beale {} } schedule { plateau {} }"),
              HasSubstr("surface.schedule: must not have a plateau"));
  EXPECT_THAT(fault("function { beale {} } schedule { sgdr { first_period_steps: 20 } }"),
              HasSubstr("surface.schedule.sgdr.first_period_steps"));
  EXPECT_THAT(fault("function { beale {} } schedule { swa { factor: 0.5 } }"), HasSubstr("surface.schedule.swa"));
  EXPECT_THAT(fault("function { beale {} } steps: 10000000 report_every: 1"),
              HasSubstr("surface.report_every: must be at least 100 for 10000000 steps"));
  EXPECT_THAT(fault("function { rosenbrock { dimensions: 1 } }"), HasSubstr("surface.function.rosenbrock.dimensions"));
  EXPECT_THAT(fault("function { two_wells { tilt: 2 } }"), HasSubstr("surface.function.two_wells.tilt"));
}

}  // namespace
}  // namespace basin::worker::job
