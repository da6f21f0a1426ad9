#include "worker/data/synthetic.h"

#include <cmath>
#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "proto/contract/defaults.h"
#include "tests/worker/data/sample_files.h"
#include "worker/data/prepared_data.h"
#include "worker/train/trainer.h"

namespace basin::worker::data {
namespace {

v1::Dataset Spec(const std::string& text) {
  v1::Dataset spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  contract::FillDefaults(&spec);
  return spec;
}

std::shared_ptr<const RawDataset> Make(const std::string& text) {
  auto made = GenerateSynthetic(Spec(text));
  EXPECT_TRUE(made.ok()) << made.status();
  return *made;
}

// Mean over the examples of a class of a function of the first two columns.
double MeanOf(const RawDataset& dataset, int32_t label, const std::function<double(double, double)>& of) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < dataset.train.labels.size(); ++i) {
    if (dataset.train.labels[i] != label) continue;
    const float* row = FloatsOf(dataset.train).data() + i * static_cast<size_t>(dataset.feature_count);
    sum += of(row[0], row[1]);
    ++count;
  }
  return sum / count;
}

TEST(SyntheticTest, TheSameSettingsGiveTheSameExamplesAndOthersDoNot) {
  for (const std::string source : {"two_spirals", "moons", "blobs", "teacher"}) {
    const std::string first = Make(source + " { seed: 3 }")->digest;
    EXPECT_EQ(Make(source + " { seed: 3 }")->digest, first);
    EXPECT_NE(Make(source + " { seed: 4 }")->digest, first) << source;
    EXPECT_NE(Make(source + " { seed: 3 examples: 999 }")->digest, first) << source;
    EXPECT_EQ(Make(source + " { seed: 3 } split_seed: 9 label_noise: 0.2")->digest, first) << source;
  }
}

TEST(SyntheticTest, HoldersOfTheSameSettingsShareTheData) {
  const auto held = Make("moons {}");
  EXPECT_EQ(Make("moons {} split_seed: 5"), held);
}

TEST(SyntheticTest, ThePointsOfTheSpiralsLieOnThem) {
  const auto spirals = Make("two_spirals { examples: 500 turns: 3 }");
  EXPECT_EQ(spirals->feature_count, 2);
  EXPECT_EQ(spirals->classes, 2);
  const double pi = std::acos(-1.0);
  for (size_t i = 0; i < 500; ++i) {
    const double x = FloatsOf(spirals->train)[2 * i], y = FloatsOf(spirals->train)[2 * i + 1];
    const double radius = std::hypot(x, y);
    const double angle = (6.5 - radius) / 6 * 2 * pi * 3;
    const double side = spirals->train.labels[i] == 0 ? 1 : -1;
    EXPECT_NEAR(x, side * radius * std::sin(angle), 1e-4);
    EXPECT_NEAR(y, side * radius * std::cos(angle), 1e-4);
  }
}

TEST(SyntheticTest, TheMoonsAreHalfCirclesWithTheirNoise) {
  const auto moons = Make("moons { examples: 20000 noise: 0.05 }");
  for (const int32_t label : {0, 1}) {
    const double middle_x = label, middle_y = 0.5 * label;
    const auto distance = [&](double x, double y) { return std::hypot(x - middle_x, y - middle_y); };
    EXPECT_NEAR(MeanOf(*moons, label, distance), 1, 0.005);
    EXPECT_NEAR(MeanOf(*moons, label, [&](double x, double y) { return std::pow(distance(x, y) - 1, 2); }), 0.0025,
                2e-4);
  }
  EXPECT_GT(MeanOf(*moons, 0, [](double, double y) { return y; }), 0.6);
  EXPECT_LT(MeanOf(*moons, 1, [](double, double y) { return y; }), -0.1);
}

TEST(SyntheticTest, EachBlobHasItsDeviationAroundItsCentre) {
  const auto blobs = Make("blobs { examples: 40000 classes: 4 noise: 2 }");
  EXPECT_EQ(blobs->classes, 4);
  for (int32_t label = 0; label < 4; ++label) {
    const double x_mean = MeanOf(*blobs, label, [](double x, double) { return x; });
    EXPECT_LE(std::fabs(x_mean), 10.1);
    EXPECT_NEAR(MeanOf(*blobs, label, [&](double x, double) { return (x - x_mean) * (x - x_mean); }), 4, 0.25);
  }
}

TEST(SyntheticTest, TheTeachersInputsAreStandardNormalAndItsNoiseChangesLabelsAlone) {
  const auto sound = Make("teacher { examples: 10000 classes: 3 }");
  const auto noisy = Make("teacher { examples: 10000 classes: 3 noise: 0.2 }");
  EXPECT_EQ(FloatsOf(sound->train), FloatsOf(noisy->train));
  double sum = 0, squares = 0, changed = 0;
  std::vector<int> counts(3, 0);
  for (const float value : FloatsOf(sound->train)) {
    sum += value;
    squares += double{value} * value;
  }
  for (size_t i = 0; i < 10000; ++i) {
    changed += sound->train.labels[i] != noisy->train.labels[i];
    ++counts[static_cast<size_t>(sound->train.labels[i])];
  }
  EXPECT_NEAR(sum / 200000, 0, 0.01);
  EXPECT_NEAR(squares / 200000, 1, 0.02);
  EXPECT_NEAR(changed / 10000, 0.2, 0.016);
  for (const int count : counts) EXPECT_GT(count, 300) << "a class that hardly occurs";
}

TEST(SyntheticTest, MoreValuesThanAFileMayHaveAreRefused) {
  const auto made = GenerateSynthetic(Spec("blobs { examples: 10000000 features: 4096 }"));
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(made.status().message()), testing::HasSubstr("train.dataset.blobs.examples"));
}

// A network with two hidden layers unwinds the spirals.
TEST(SyntheticTest, ANetworkLearnsTheTwoSpiralsTo99Percent) {
  v1::TrainWorkload workload;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(dataset { two_spirals { examples: 2000 noise: 0.05 } }
         model { mlp { hidden: 64 hidden: 64 } }
         epochs: 600 batch_size: 32 learning_rate: 0.05 optimizer { sgd { momentum: 0.9 } } schedule { cosine {} })",
      &workload));
  contract::FillDefaults(&workload);
  const auto raw = GenerateSynthetic(workload.dataset());
  ASSERT_TRUE(raw.ok()) << raw.status();
  const auto prepared = Prepare(*raw, workload.dataset());
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  auto trainer = train::Trainer::Create(workload, /*seed=*/1, (*prepared)->view(), nullptr);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  double accuracy = 0;
  (*trainer)->Run([&](const train::EpochReport& report) { accuracy = report.test_accuracy; }, nullptr);
  EXPECT_GE(accuracy, 0.99);
}

}  // namespace
}  // namespace basin::worker::data
