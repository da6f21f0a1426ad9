#include "worker/job/checkpoint.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/job/safetensors.h"

namespace basin::worker::job {
namespace {

using testing::HasSubstr;

class CheckpointTest : public testing::Test {
 protected:
  std::unique_ptr<train::Trainer> Create(const std::string& settings) const {
    v1::TrainWorkload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(settings, &workload));
    contract::FillDefaults(&workload);
    auto trainer = train::Trainer::Create(workload, 3, data_.view(), nullptr);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }
  absl::Status Read(const std::string& bytes, const TrainingIdentity& identity, const std::string& settings = kSmall) {
    const auto trainer = Create(settings);
    return ReadCheckpoint(bytes, identity, trainer.get());
  }
  std::string Write() const {
    const auto trainer = Create(kSmall);
    EXPECT_EQ(trainer->Run([](const auto&) {}, nullptr, 4), train::Trainer::Outcome::kStopped);
    return WriteCheckpoint(identity_, *trainer).bytes;
  }

  static constexpr char kSmall[] =
      "model { mlp { hidden: 6 } } epochs: 2 batch_size: 10 learning_rate: 0.1 optimizer { sgd { momentum: 0.9 } }";
  const train::SyntheticExamples data_{8, 4, {.train = 40, .validation = 20, .test = 20}};
  const TrainingIdentity identity_{"aaaa", 3, "dddd", "eeee"};
};

TEST_F(CheckpointTest, SaysWhatItIsOf) {
  const std::string bytes = Write();
  const auto file = ReadSafetensors(bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(file->metadata,
              testing::UnorderedElementsAre(testing::Pair("format", "basin-checkpoint-1"),
                                            testing::Pair("workload_digest", "aaaa"), testing::Pair("seed", "3"),
                                            testing::Pair("data_digest", "dddd"),
                                            testing::Pair("engine_fingerprint", "eeee"), testing::Pair("step", "4")));
  std::vector<std::string> names;
  for (const Tensor& tensor : file->tensors) names.push_back(tensor.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"step", "weights.0.dense.weight", "optimizer.velocity"}));
}

TEST_F(CheckpointTest, OfAnotherWorkloadSeedDataOrEngineIsRefused) {
  const std::string bytes = Write();
  EXPECT_TRUE(Read(bytes, identity_).ok());
  const auto refusal = [&](auto change) {
    TrainingIdentity other = identity_;
    change(other);
    const absl::Status status = Read(bytes, other);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  };
  EXPECT_EQ(refusal([](auto& identity) { identity.workload_digest = "bbbb"; }),
            "the checkpoint is of another training: its workload_digest is 'aaaa', not 'bbbb'");
  EXPECT_THAT(refusal([](auto& identity) { identity.seed = 4; }), HasSubstr("its seed is '3', not '4'"));
  EXPECT_THAT(refusal([](auto& identity) { identity.data_digest = "x"; }), HasSubstr("its data_digest"));
  EXPECT_THAT(refusal([](auto& identity) { identity.engine_fingerprint = "x"; }), HasSubstr("its engine_fingerprint"));
}

TEST_F(CheckpointTest, WithTheTensorsOfAnotherModelIsRefused) {
  const std::string bytes = Write();
  const auto refusal = [&](const std::string& settings) {
    const absl::Status status = Read(bytes, identity_, settings);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    return std::string(status.message());
  };
  const std::string rest = " epochs: 2 batch_size: 10 learning_rate: 0.1 ";
  const std::string momentum = "optimizer { sgd { momentum: 0.9 } }";
  EXPECT_THAT(refusal("model { mlp { hidden: 7 } }" + rest + momentum),
              HasSubstr("its 'weights.0.dense.weight' has 192 bytes, the training's has 224"));
  EXPECT_THAT(refusal("model { softmax_regression {} }" + rest + momentum), HasSubstr("weights."));
  EXPECT_THAT(refusal("model { mlp { hidden: 6 hidden: 6 } }" + rest + momentum),
              HasSubstr("its 'weights.2.dense.weight' has 96 bytes, the training's has 144"));
}

TEST_F(CheckpointTest, BeyondTheEndIsRefused) {
  const absl::Status status = Read(Write(), identity_,
                                   "model { mlp { hidden: 6 } } steps: 3 batch_size: 10 learning_rate: 0.1 "
                                   "optimizer { sgd { momentum: 0.9 } }");
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
}

TEST_F(CheckpointTest, ThatIsNoFileIsRefusedAsDamaged) {
  EXPECT_TRUE(absl::IsDataLoss(Read("", identity_)));
  EXPECT_TRUE(absl::IsDataLoss(Read(Write().substr(0, 500), identity_)));
}

}  // namespace
}  // namespace basin::worker::job
