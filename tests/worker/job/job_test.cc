#include "worker/job/job.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/metric_names.h"
#include "worker/data/catalog.h"

namespace basin::worker::job {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// `settings`, in text format, of the digits on top of a small network.
v1::Workload Digits(const std::string& settings) {
  v1::Workload workload;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(train { dataset { name: "digits" } model { mlp { hidden: 32 } } batch_size: 32 learning_rate: 0.1
                 optimizer { sgd { momentum: 0.9 } } })",
      &workload));
  v1::Workload changes;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("train {" + settings + "}", &changes));
  workload.MergeFrom(changes);
  contract::FillDefaults(&workload);
  return workload;
}

class JobTest : public testing::Test {
 protected:
  JobTest() {
    auto opened = data::Catalog::Open(directory_);
    EXPECT_TRUE(opened.ok()) << opened.status();
    catalog_ = *std::move(opened);
  }
  ~JobTest() override { std::filesystem::remove_all(directory_); }

  JobResult Run(const v1::Workload& workload, uint64_t seed = 0, int threads = 1) {
    points_.clear();
    JobContext context;
    context.catalog = catalog_.get();
    context.threads = threads;
    context.control = &control_;
    context.report = [this](std::span<const v1::MetricPoint> points) {
      evaluations_++;
      points_.insert(points_.end(), points.begin(), points.end());
      if (stop_after_ != 0 && evaluations_ == stop_after_) control_.Stop();
    };
    return RunJob(workload, seed, context);
  }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    auto opened = data::Catalog::Open(directory_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    catalog_ = *std::move(opened);
  }
  double Last(const std::string& name) const {
    double value = std::nan("");
    for (const v1::MetricPoint& point : points_) {
      if (point.name() == name) value = point.value();
    }
    return value;
  }
  std::string Fingerprint() const {
    std::string all;
    for (const v1::MetricPoint& point : points_) all += point.SerializeAsString();
    return all;
  }

  static std::filesystem::path MakeDirectory() {
    static std::atomic<int> number{0};
    const auto path = std::filesystem::temp_directory_path() /
                      ("basin-job-test-" + std::to_string(getpid()) + "-" + std::to_string(number++));
    std::filesystem::create_directories(path);
    return path;
  }

  const std::filesystem::path directory_ = MakeDirectory();
  std::unique_ptr<data::Catalog> catalog_;
  std::vector<v1::MetricPoint> points_;
  JobControl control_;
  int evaluations_ = 0;
  int stop_after_ = 0;
};

TEST_F(JobTest, LearnsTheDigits) {
  const JobResult result = Run(Digits("epochs: 30"));
  EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  EXPECT_GT(Last("val_accuracy"), 0.95);
  EXPECT_GT(Last("test_accuracy"), 0.93);
  EXPECT_LT(Last("train_loss"), 0.02);
}

TEST_F(JobTest, ReportsEveryMetricOfTheContractInItsOrder) {
  const v1::Workload workload = Digits("epochs: 2 averaging { swa {start_steps: 9} ema {} ensemble {every_steps: 8} }");
  const JobResult result = Run(workload);
  EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const std::vector<std::string> names = contract::MetricNames(workload);
  ASSERT_EQ(points_.size(), 2 * names.size());
  EXPECT_EQ(evaluations_, 2);
  for (size_t i = 0; i < points_.size(); ++i) {
    EXPECT_EQ(points_[i].name(), names[i % names.size()]);
    EXPECT_EQ(points_[i].epoch(), i < names.size() ? 1 : 2);
    EXPECT_TRUE(std::isfinite(points_[i].value()));
  }
}

TEST_F(JobTest, NamesTheWeightsAndTheDataByDigest) {
  const JobResult result = Run(Digits("epochs: 1"));
  EXPECT_THAT(result.weights_digest, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(result.data_digest, catalog_->Digests().at("digits"));
}

TEST_F(JobTest, TrainsOnASyntheticSetAndNamesItsExamplesByDigest) {
  const JobResult first = Run(Digits("dataset { blobs { classes: 4 } } epochs: 5"));
  EXPECT_EQ(first.outcome, JobOutcome::kSucceeded) << first.message;
  EXPECT_GT(Last("test_accuracy"), 0.9);
  EXPECT_THAT(first.data_digest, testing::MatchesRegex("[0-9a-f]{64}"));
  EXPECT_NE(Run(Digits("dataset { blobs { classes: 5 } } epochs: 1")).data_digest, first.data_digest);
  const JobResult named = Run(Digits("dataset { name: 'synthetic.blobs' } epochs: 1"));
  EXPECT_EQ(named.outcome, JobOutcome::kInvalid);
}

TEST_F(JobTest, AugmentationIsTheSameForAnyThreadsAndChangesTheTraining) {
  const std::string augmentation = " dataset { augmentation { shift: 1 horizontal_flip: true } }";
  const JobResult result = Run(Digits("epochs: 2" + augmentation));
  EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  EXPECT_EQ(Run(Digits("epochs: 2" + augmentation), 0, 3).weights_digest, result.weights_digest);
  EXPECT_NE(Run(Digits("epochs: 2")).weights_digest, result.weights_digest);
}

TEST_F(JobTest, AugmentationOfATableIsInvalid) {
  const JobResult result = Run(Digits("dataset { moons {} augmentation { shift: 1 } } epochs: 1"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, StartsWith("train.dataset.augmentation: needs images"));
}

TEST_F(JobTest, RepeatsTheSameBitsWithAnyThreadsAndBesideOthers) {
  const v1::Workload workload = Digits("epochs: 2 batch_size: 128 model { mlp { hidden: 300 } }");
  const JobResult first = Run(workload, 4);
  const std::string metrics = Fingerprint();
  for (const int threads : {2, 3}) {
    EXPECT_EQ(Run(workload, 4, threads).weights_digest, first.weights_digest);
    EXPECT_EQ(Fingerprint(), metrics);
  }
  std::vector<std::string> digests(3);
  std::vector<std::thread> running;
  for (std::string& digest : digests) {
    running.emplace_back([&, this] {
      JobContext context;
      context.catalog = catalog_.get();
      digest = RunJob(workload, 4, context).weights_digest;
    });
  }
  for (std::thread& thread : running) thread.join();
  EXPECT_THAT(digests, testing::Each(first.weights_digest));
  EXPECT_NE(Run(workload, 5).weights_digest, first.weights_digest);
}

TEST_F(JobTest, ADivergenceNamesTheStep) {
  const JobResult result = Run(Digits("epochs: 5 learning_rate: 1e6 optimizer { sgd { l2: 1 } }"));
  EXPECT_EQ(result.outcome, JobOutcome::kDiverged);
  EXPECT_THAT(result.message, testing::MatchesRegex(".*not finite.*step [0-9]+"));
}

TEST_F(JobTest, StopsWhenAsked) {
  stop_after_ = 3;
  const JobResult result = Run(Digits("epochs: 1000000"));
  EXPECT_EQ(result.outcome, JobOutcome::kStopped);
  EXPECT_EQ(evaluations_, 3);
}

TEST_F(JobTest, AnInvalidWorkloadIsRefusedWithItsField) {
  const JobResult result = Run(Digits("epochs: 1 learning_rate: -1"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, HasSubstr("train.learning_rate"));
}

TEST_F(JobTest, ABatchLargerThanTheTrainingPartIsInvalid) {
  const JobResult result = Run(Digits("epochs: 1 batch_size: 100000"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, HasSubstr("train.batch_size"));
  EXPECT_EQ(evaluations_, 0);
}

TEST_F(JobTest, APeriodLongerThanTrainingIsInvalid) {
  const JobResult result = Run(Digits("epochs: 3 schedule { sgdr { first_period_epochs: 10 } }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, HasSubstr("train.schedule.sgdr.first_period_epochs"));
}

TEST_F(JobTest, ADataSetThatIsNotHereIsThisMachinesFault) {
  const JobResult result = Run(Digits("epochs: 1 dataset { name: \"nowhere\" }"));
  EXPECT_EQ(result.outcome, JobOutcome::kError);
  EXPECT_THAT(result.message, HasSubstr("nowhere"));
}

TEST_F(JobTest, ADamagedFileIsInvalidAndNamed) {
  Write("broken.csv", "a,b,label\n1,2,0\n1,oops,1\n");
  const JobResult result = Run(Digits("epochs: 1 dataset { name: \"broken\" }"));
  EXPECT_EQ(result.outcome, JobOutcome::kInvalid);
  EXPECT_THAT(result.message, HasSubstr("broken.csv"));
}

TEST_F(JobTest, ANetworkBeyondTheMemoryIsThisMachinesFault) {
  // 2^40 weights between the layers.
  const JobResult result = Run(Digits("epochs: 1 model { mlp { hidden: 1048576 hidden: 1048576 } }"));
  EXPECT_EQ(result.outcome, JobOutcome::kError);
  EXPECT_THAT(result.message, HasSubstr("memory"));
}

TEST_F(JobTest, AnEnsembleBeyondTheMemoryIsThisMachinesFault) {
  // 2^32 weights: the network, its gradient, the momentum and a hundred members.
  const std::string settings = "model { mlp { hidden: 65536 hidden: 65536 } } epochs: 200 averaging ";
  const JobResult result = Run(Digits(settings + "{ ensemble { every_epochs: 1 members: 100 } }"));
  EXPECT_EQ(result.outcome, JobOutcome::kError);
  EXPECT_THAT(result.message, HasSubstr("the trial needs 177"));
  // No more than it can come to have.
  EXPECT_THAT(Run(Digits(settings + "{ ensemble { every_epochs: 100 members: 100 } }")).message,
              HasSubstr("the trial needs 86"));
}

TEST_F(JobTest, TrainsOnATable) {
  std::string text = "x,y,label\n";
  for (int i = 0; i < 100; ++i)
    text += std::to_string(i % 10) + "," + std::to_string(i % 7) + "," + std::to_string(i % 10 > 4) + "\n";
  Write("table.csv", text);
  const JobResult result =
      Run(Digits("epochs: 40 batch_size: 8 dataset { name: \"table\" } model { softmax_regression {} }"));
  EXPECT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  EXPECT_GT(Last("test_accuracy"), 0.9);
}

}  // namespace
}  // namespace basin::worker::job
