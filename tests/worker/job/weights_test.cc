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

constexpr char kNormalized[] =
    "learning_rate: 0.05 model { sequential { layers { dense { units: 8 } } layers { batch_norm {} } layers { dense { "
    "units: 10 } } } } ";

class WeightsTest : public testing::Test {
 protected:
  static TrainingIdentity IdentityOf(const Safetensors& file) {
    return {file.metadata.at("workload_digest"), 5, file.metadata.at("data_digest"),
            file.metadata.at("engine_fingerprint")};
  }
  // Of the digits' network with these settings.
  static train::NetworkShape ShapeOf(const std::string& settings) {
    v1::Workload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString("train { " + settings + " }", &workload));
    contract::FillDefaults(&workload);
    return *train::ShapeOf(workload.train().model(), 64, {}, 10);
  }
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

TEST_F(WeightsTest, AreReadBackForTheSameTrainingAlone) {
  const JobResult result =
      Run(kNormalized + std::string("epochs: 3 averaging { swa { start_epochs: 1 every_epochs: 1 } }"));
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const TrainingIdentity identity = IdentityOf(File());
  const train::NetworkShape shape = ShapeOf(kNormalized);
  const auto read = ReadWeights(saved_[0].bytes, identity, shape);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->digest, result.weights_digest);
  EXPECT_EQ(read->params.size(), shape.parameter_count);
  EXPECT_EQ(read->buffers.size(), shape.buffer_count);
  EXPECT_EQ(read->place.step, 45u);
  EXPECT_EQ(read->place.examples, 3 * 1437u);
  EXPECT_EQ(read->place.epoch, 3);

  TrainingIdentity other = identity;
  other.seed = 6;
  EXPECT_EQ(ReadWeights(saved_[0].bytes, other, shape).status(),
            absl::FailedPreconditionError("the weights are of another training: its seed is '5', not '6'"));
  other = identity;
  other.engine_fingerprint = "other";
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadWeights(saved_[0].bytes, other, shape).status()));
}

TEST_F(WeightsTest, OfAnotherNetworkOrDamagedAreRefused) {
  const JobResult result = Run(kNormalized + std::string("epochs: 1"));
  ASSERT_EQ(result.outcome, JobOutcome::kSucceeded) << result.message;
  const TrainingIdentity identity = IdentityOf(File());
  const std::string& bytes = saved_[0].bytes;
  EXPECT_EQ(ReadWeights(bytes, identity, ShapeOf("model { mlp { hidden: 8 hidden: 10 } } ")).status(),
            absl::FailedPreconditionError("the weights are of another network: they have no '4.dense.weight'"));
  const train::NetworkShape shape = ShapeOf(kNormalized);
  train::NetworkShape wider = shape;
  wider.parameters[0].shape[1] = 9;
  EXPECT_EQ(ReadWeights(bytes, identity, wider).status(),
            absl::FailedPreconditionError(
                "the weights are of another network: their '0.dense.weight' is 64 x 8, not float32 64 x 9"));
  std::string damaged = bytes;
  damaged[damaged.size() - 100] ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(ReadWeights(damaged, identity, shape).status()));
  EXPECT_TRUE(absl::IsDataLoss(ReadWeights(bytes.substr(0, bytes.size() - 1), identity, shape).status()));
  const Safetensors file = File();
  std::map<std::string, std::string> older = file.metadata;
  older.erase("epoch");
  EXPECT_TRUE(absl::IsFailedPrecondition(ReadWeights(WriteSafetensors(older, file.tensors), identity, shape).status()))
      << "written before files said so";
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
