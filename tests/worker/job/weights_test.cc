#include "worker/job/weights.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "tests/support/temp_dir.h"
#include "worker/data/catalog.h"
#include "worker/job/job.h"
#include "worker/job/safetensors.h"

namespace basin::worker::job {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Pair;
using testing::SizeIs;

class WeightsTest : public testing::Test {
 protected:
  // Trains on the digits and keeps what it hands out.
  JobResult Run(const std::string& settings) {
    v1::Workload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "train { dataset { name: 'digits' } batch_size: 100 " + settings + " }", &workload));
    contract::FillDefaults(&workload);
    const auto catalog = data::Catalog::Open(dir_.path());
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    JobContext context;
    context.catalog = catalog->get();
    context.save_weights = [this](Weights weights) { saved_.push_back(std::move(weights)); };
    return RunJob(workload, 5, context);
  }
  // The only file, read.
  Safetensors File() const {
    if (saved_.size() != 1) {
      ADD_FAILURE() << saved_.size() << " files";
      return {};
    }
    auto file = ReadSafetensors(saved_[0].bytes);
    EXPECT_TRUE(file.ok()) << file.status();
    return *std::move(file);
  }
  // The digest of the tensors' bytes in order, of those whose names begin with none of the averages' prefixes.
  static std::string OwnDigest(const Safetensors& file) {
    contract::Sha256 digest;
    for (const Tensor& tensor : file.tensors) {
      const bool average =
          tensor.name.starts_with("swa.") || tensor.name.starts_with("ema.") || tensor.name.starts_with("ensemble.");
      if (!average) digest.Update(tensor.data.data(), tensor.data.size());
    }
    return digest.FinishHex();
  }
  static std::vector<std::string> Names(const Safetensors& file) {
    std::vector<std::string> names;
    for (const Tensor& tensor : file.tensors) names.push_back(tensor.name);
    return names;
  }

  const tests::TempDir dir_;
  std::vector<Weights> saved_;
};

TEST_F(WeightsTest, AreThoseOfTheResultsDigestWithNamesAndShapes) {
  const JobResult result = Run("learning_rate: 0.05 model { mlp { hidden: 32 } } epochs: 2");
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const Safetensors file = File();
  EXPECT_EQ(OwnDigest(file), result.weights_digest);
  EXPECT_THAT(Names(file), ElementsAre("0.dense.weight", "0.dense.bias", "2.dense.weight", "2.dense.bias"));
  EXPECT_THAT(file.tensors[0].shape, ElementsAre(64, 32));
  EXPECT_THAT(file.tensors[3].shape, ElementsAre(10));
  EXPECT_THAT(file.metadata, AllOf(Contains(Pair("format", "basin-weights-1")), Contains(Pair("seed", "5")),
                                   Contains(Pair("weights_digest", result.weights_digest)),
                                   Contains(Pair("data_digest", result.data_digest)),
                                   Contains(Pair("step", std::to_string(saved_[0].step)))));
  EXPECT_EQ(saved_[0].step, 30u);
}

TEST_F(WeightsTest, HaveTheRunningAveragesOfBatchNorms) {
  const JobResult result =
      Run("learning_rate: 0.05 model { sequential { layers { dense { units: 8 } } layers { batch_norm {} } layers { "
          "dense { units: 10 } } } } "
          "epochs: 1");
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const Safetensors file = File();
  EXPECT_EQ(OwnDigest(file), result.weights_digest);
  EXPECT_THAT(Names(file), IsSupersetOf({"1.batch_norm.running_mean", "1.batch_norm.running_variance"}));
}

TEST_F(WeightsTest, AveragesStandBesideThemWithBatchNormStatisticsOfTheirOwn) {
  const JobResult result =
      Run("learning_rate: 0.05 model { sequential { layers { dense { units: 8 } } layers { batch_norm {} } layers { "
          "dense { units: 10 } } } } "
          "epochs: 3 averaging { ema { decay: 0.9 } swa { start_epochs: 1 every_epochs: 1 } }");
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const Safetensors file = File();
  EXPECT_EQ(OwnDigest(file), result.weights_digest);
  EXPECT_THAT(Names(file), IsSupersetOf({"swa.0.dense.weight", "ema.0.dense.weight", "swa.1.batch_norm.running_mean",
                                         "ema.1.batch_norm.running_mean"}));
  const auto data_of = [&](const std::string& name) {
    for (const Tensor& tensor : file.tensors) {
      if (tensor.name == name) return tensor.data;
    }
    return std::string_view();
  };
  EXPECT_NE(data_of("swa.1.batch_norm.running_mean"), data_of("ema.1.batch_norm.running_mean"));
  EXPECT_NE(data_of("swa.1.batch_norm.running_mean"), data_of("1.batch_norm.running_mean"));
}

TEST_F(WeightsTest, TheMembersOfAnEnsembleStandBesideThemAsTheyWere) {
  const JobResult result =
      Run("learning_rate: 0.05 model { sequential { layers { dense { units: 8 } } layers { batch_norm {} } layers { "
          "dense { units: 10 } } } } "
          "epochs: 3 averaging { ensemble { every_epochs: 1 members: 2 } }");
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const Safetensors file = File();
  EXPECT_EQ(OwnDigest(file), result.weights_digest);
  EXPECT_THAT(file.tensors, SizeIs(3 * 10));
  const auto data_of = [&](const std::string& name) {
    for (const Tensor& tensor : file.tensors) {
      if (tensor.name == name) return tensor.data;
    }
    ADD_FAILURE() << name;
    return std::string_view();
  };
  // The newest member is the network that the training ended with; its running averages are not made anew.
  for (const std::string name : {"0.dense.weight", "1.batch_norm.running_mean", "1.batch_norm.running_variance"}) {
    EXPECT_EQ(data_of("ensemble.1." + name), data_of(name)) << name;
    EXPECT_NE(data_of("ensemble.0." + name), data_of(name)) << name;
  }
}

TEST_F(WeightsTest, OfEarlyStoppingAreTheKeptOnes) {
  const JobResult result =
      Run("model { mlp { hidden: 32 } } epochs: 1000 learning_rate: 0.2 averaging { ema { decay: 0.9 } } "
          "stopping { early_stopping { patience: 2 } }");
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  ASSERT_THAT(result.message, testing::HasSubstr("early stopping"));
  const Safetensors file = File();
  EXPECT_EQ(OwnDigest(file), result.weights_digest);
  EXPECT_THAT(Names(file), SizeIs(4)) << "the average is of the whole training, and left out";
}

TEST_F(WeightsTest, OfATrainingThatDivergedAreNotHandedOut) {
  EXPECT_EQ(Run("model { mlp { hidden: 32 } } epochs: 5 learning_rate: 1e6 optimizer { sgd { l2: 1 } }").outcome,
            JobOutcome::kDiverged);
  EXPECT_THAT(saved_, SizeIs(0));
}

}  // namespace
}  // namespace basin::worker::job
