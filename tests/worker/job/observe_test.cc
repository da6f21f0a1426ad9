// The curvature that a training observes of itself.

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/metric_names.h"
#include "worker/data/catalog.h"
#include "worker/job/job.h"

namespace basin::worker::job {
namespace {

using testing::ElementsAre;

constexpr char kObserved[] = "observe { curvature { every_epochs: 2 top: 2 tolerance: 1e-3 examples: 300 } } ";

class ObserveTest : public testing::Test {
 protected:
  // A network with everything that an evaluation might disturb: running averages, dropout, momentum.
  static v1::Workload Training(const std::string& settings) {
    v1::Workload workload, changes;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"(train { dataset { name: "digits" } batch_size: 64 learning_rate: 0.1 epochs: 5
                   optimizer { sgd { momentum: 0.9 } }
                   model { sequential { layers { dense { units: 12 } } layers { batch_norm {} } layers { relu {} }
                                        layers { dropout {} } } } })",
        &workload));
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("train {" + settings + "}", &changes)) << settings;
    workload.MergeFrom(changes);
    contract::FillDefaults(&workload);
    return workload;
  }
  // Appends to points_.
  JobResult Run(const v1::Workload& workload, int threads = 1) {
    JobControl control;
    JobContext context;
    context.catalog = catalog_.get();
    context.threads = threads;
    context.control = &control;
    context.report = [&](std::span<const v1::MetricPoint> points) {
      points_.insert(points_.end(), points.begin(), points.end());
      if (points.back().epoch() == stop_after_epoch_) control.Stop();
    };
    context.save_checkpoint = [this](Checkpoint checkpoint) { checkpoint_ = std::move(checkpoint.bytes); };
    context.load_checkpoint = [this](const absl::Status& fault) {
      EXPECT_TRUE(fault.ok()) << fault;
      return checkpoint_;
    };
    return RunJob(workload, 3, context);
  }
  std::vector<uint64_t> StepsOf(const std::string& name) const {
    std::vector<uint64_t> steps;
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) steps.push_back(point.step());
    }
    return steps;
  }
  double Last(const std::string& name) const {
    double value = std::nan("");
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) value = point.value();
    }
    return value;
  }
  // Those that `wanted` says of, as bytes.
  template <typename Wanted>
  std::vector<std::string> Bytes(const Wanted& wanted) const {
    std::vector<std::string> bytes;
    for (const v1::MetricPoint& point : points_) {
      if (wanted(point)) bytes.push_back(point.SerializeAsString());
    }
    return bytes;
  }
  std::vector<std::string> All() const {
    return Bytes([](const v1::MetricPoint&) { return true; });
  }

  const std::unique_ptr<data::Catalog> catalog_ = *data::Catalog::Open("");
  std::vector<v1::MetricPoint> points_;
  std::optional<std::string> checkpoint_;
  double stop_after_epoch_ = 0;
};

TEST_F(ObserveTest, ChangesNoBitOfTheTraining) {
  const JobResult plain = Run(Training(""));
  const std::vector<std::string> expected = All();
  points_.clear();
  const JobResult observed = Run(Training(kObserved));
  ASSERT_EQ(observed.outcome, JobOutcome::kSucceeded) << observed.message;
  EXPECT_EQ(observed.weights_digest, plain.weights_digest);
  EXPECT_EQ(Bytes([](const v1::MetricPoint& point) { return !point.name().starts_with("hessian"); }), expected);
}

TEST_F(ObserveTest, MeasuresAfterEachSoManyEpochsAndAtTheEnd) {
  Run(Training(kObserved));
  const std::vector<uint64_t> steps = StepsOf("train_loss");
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_THAT(StepsOf("hessian_top_1"), ElementsAre(steps[1], steps[3], steps[4]));
  points_.clear();
  Run(Training("observe { curvature { every_epochs: 5 top: 1 } }"));
  EXPECT_THAT(StepsOf("hessian_lowest_1"), ElementsAre(steps[4])) << "once, where both meet";
}

TEST_F(ObserveTest, ReportsTheMetricsOfTheContractInTheirOrder) {
  const v1::Workload workload =
      Training("epochs: 1 observe { curvature { every_epochs: 1 top: 2 lowest: 2 trace_probes: 2 } }");
  Run(workload);
  std::vector<std::string> names;
  for (const v1::MetricPoint& point : points_) {
    names.push_back(point.name());
    EXPECT_TRUE(std::isfinite(point.value())) << point.name();
  }
  EXPECT_EQ(names, contract::MetricNames(workload));
}

TEST_F(ObserveTest, FindsAtTheEndWhatAnAnalysisOfTheEndFinds) {
  Run(Training("observe { curvature { every_epochs: 3 trace_probes: 4 } }"));
  const double top = Last("hessian_top_1"), lowest = Last("hessian_lowest_1"), trace = Last("hessian_trace");
  v1::Workload analysis;
  *analysis.mutable_analyze()->mutable_train() = Training("").train();
  analysis.mutable_analyze()->mutable_curvature()->set_trace_probes(4);
  contract::FillDefaults(&analysis);
  ASSERT_EQ(Run(analysis).outcome, JobOutcome::kSucceeded);
  EXPECT_EQ(Last("hessian_top_1"), top);
  EXPECT_EQ(Last("hessian_lowest_1"), lowest);
  EXPECT_EQ(Last("hessian_trace"), trace);
}

TEST_F(ObserveTest, HasTheSameBitsForAnyNumberOfThreads) {
  Run(Training(kObserved));
  const std::vector<std::string> expected = All();
  points_.clear();
  Run(Training(kObserved), 3);
  EXPECT_EQ(All(), expected);
}

TEST_F(ObserveTest, GoesOnFromACheckpointWithTheSameBits) {
  const std::string digest = Run(Training(kObserved)).weights_digest;
  const std::vector<std::string> expected = All();
  for (const int epoch : {1, 2, 3, 4}) {
    points_.clear();
    checkpoint_.reset();
    stop_after_epoch_ = epoch;
    ASSERT_EQ(Run(Training(kObserved)).outcome, JobOutcome::kStopped) << epoch;
    ASSERT_TRUE(checkpoint_) << epoch;
    stop_after_epoch_ = 0;
    EXPECT_EQ(Run(Training(kObserved)).weights_digest, digest) << epoch;
    EXPECT_EQ(All(), expected) << epoch;
  }
}

TEST_F(ObserveTest, MeasuresTheKeptWeightsAtTheEndOfEarlyStopping) {
  const JobResult result =
      Run(Training("epochs: 40 learning_rate: 1 stopping { early_stopping { metric: 'val_accuracy' patience: 2 } } "
                   "observe { curvature { every_epochs: 1 top: 1 tolerance: 0.01 examples: 200 } }"));
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const std::vector<uint64_t> steps = StepsOf("val_loss"), observed = StepsOf("hessian_top_1");
  ASSERT_LT(steps.back(), steps[steps.size() - 2]) << "the best weights were the last ones: choose other settings";
  EXPECT_EQ(observed, steps);
}

}  // namespace
}  // namespace basin::worker::job
