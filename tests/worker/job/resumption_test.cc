// A training that is interrupted at every one of its steps, and each time goes on from a checkpoint in another trainer,
// gives the bits of the uninterrupted one: for every member of every oneof of a training's settings.

#include <algorithm>
#include <bit>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/job/checkpoint.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct Case {
  const char* name;
  const char* settings;  // On top of a small network.
};
constexpr Case kCases[] = {
    {"PlainSgd", "optimizer { sgd {} } schedule { constant {} }"},
    {"Momentum", "optimizer { sgd { momentum: 0.9 dampening: 0.5 l2: 0.01 } }"},
    {"Nesterov", "optimizer { sgd { momentum: 0.9 nesterov: true } }"},
    {"Rmsprop", "optimizer { rmsprop { centered: true momentum: 0.5 } } clip { value: 0.1 }"},
    {"Adagrad", "optimizer { adagrad { l2: 0.01 } } accumulate: 4"},
    {"Adam", R"(optimizer { adam { amsgrad: true } } sampling: SAMPLING_WITH_REPLACEMENT
                learning_rate_scaling { linear { base_batch_size: 64 } })"},
    {"AdamW", "optimizer { adamw { weight_decay: 0.1 decay_biases_and_norms: false } } clip { norm: 0.5 }"},
    {"Lars", "optimizer { lars {} } learning_rate_scaling { square_root { base_batch_size: 8 } }"},
    {"Lamb", "optimizer { lamb { weight_decay: 0.1 } }"},
    {"Sam", "optimizer { sam { base { adam {} } } }"},
    {"SoftmaxRegression", "model { softmax_regression {} } optimizer { sgd { momentum: 0.9 } }"},
    {"StepSchedule", "schedule { step { every_steps: 3 gamma: 0.5 } }"},
    {"ExponentialSchedule", "schedule { exponential { gamma: 0.9 smooth: true } }"},
    {"CosineSchedule", "schedule { cosine {} } batch_size: 4294967295 epochs: 12"},
    {"WarmRestarts", "schedule { sgdr { first_period_steps: 5 period_factor: 2 } }"},
    {"Warmup", "schedule { warmup { steps: 4 then { cosine {} } } } drop_last: true"},
    {"SequenceOfSchedules", R"(schedule { sequence { parts { steps: 2 schedule { polynomial { power: 2 } } }
                               parts { steps: 2 schedule { linear {} } }
                               parts { steps: 4 schedule { cyclic { up_steps: 1 min_factor: 0.1 } } }
                               parts { steps: 3 schedule { one_cycle {} } }
                               parts { steps: 2 schedule { inverse_sqrt { warmup_steps: 1 } } }
                               parts { schedule { multistep { milestone_steps: 1 } } } } })"},
    {"LeNet", "model { lenet {} }"},
    {"VggWithDropout", "model { vgg { blocks: 1 width: 3 hidden: 5 dropout: 0.4 } } loss { squared_error {} }"},
    {"ResNet", "model { resnet { depth: 8 width: 2 } } optimizer { sgd { momentum: 0.9 } }"},
    {"LayersOfAllKinds", R"(model { sequential {
       layers { conv2d { filters: 3 kernel: 3 } } layers { batch_norm {} } layers { relu {} } layers { max_pool {} }
       layers { residual { layers { conv2d { filters: 3 kernel: 3 } } layers { group_norm { groups: 3 } } } }
       layers { gelu {} } layers { average_pool {} } layers { dropout {} } layers { global_average_pool {} }
       layers { dense { units: 5 } } layers { tanh {} } } })"},
    {"Plateau", R"(schedule { sequence {
                   parts { epochs: 2 schedule { warmup { steps: 2 then { plateau {
                     metric: "train_loss" factor: 0.5 patience: 0 threshold: 0.9 cooldown: 1 } } } } }
                   parts { schedule { plateau { factor: 0.3 patience: 0 threshold: 0.9 } } } } } epochs: 6)"},
    {"WeightAverages", R"(schedule { swa { until { linear {} } factor: 0.5 cycle_steps: 2 end_factor: 0.1 } }
                          averaging { swa { start_epochs: 1 at_cycle_ends {} } ema { decay: 0.8 } })"},
    {"PlainWeightAverages", R"(averaging { swa { start_fraction: 0.3 every_steps: 2 }
                                           ema { decay: 0.8 bias_correction: false } })"},
    {"AveragesAndBestWeightsOfABatchNorm", R"(model { sequential {
       layers { dense { units: 6 } } layers { batch_norm {} } layers { relu {} } layers { dropout {} } } }
       averaging { swa { start_steps: 4 every_steps: 7 } ema { decay: 0.8 } } epochs: 9
       stopping { early_stopping { metric: "val_accuracy" patience: 3 } })"},
    {"EnsembleOfCycles", R"(schedule { sgdr { first_period_steps: 3 } } averaging { ensemble { members: 2 } })"},
    {"EnsembleOfNetworksWithABatchNorm", R"(model { sequential {
       layers { dense { units: 6 } } layers { batch_norm {} } layers { relu {} } } }
       averaging { ensemble { every_steps: 4 members: 3 } swa { every_epochs: 0.5 } } epochs: 5)"},
    {"StoppingThatKeepsTheBestWeights", R"(learning_rate: 0.3 epochs: 12 batch_size: 5 stopping {
                                           early_stopping { metric: "val_accuracy" patience: 2 }
                                           target { metric: "val_loss" value: 1e-9 } diverge_above: 1e9 })"},
    {"StepsThatEndInsideAnEpoch", "steps: 9 optimizer { sgd { momentum: 0.5 } }"},
};

v1::TrainWorkload WorkloadOf(const Case& c) {
  v1::TrainWorkload workload, settings;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(model { mlp { hidden: 6 } } epochs: 3 batch_size: 16 learning_rate: 0.05)", &workload));
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(c.settings, &settings));
  workload.MergeFrom(settings);
  contract::FillDefaults(&workload);
  return workload;
}

// Everything that a training gives out, as bits.
struct Output {
  std::vector<uint64_t> values;
  std::vector<uint32_t> params;
  bool operator==(const Output&) const = default;

  void Add(const train::EpochReport& report) {
    values.insert(values.end(), {report.step, report.examples, std::bit_cast<uint64_t>(report.epoch)});
    for (const auto& [name, value] : report.Metrics()) values.push_back(std::bit_cast<uint64_t>(value));
  }
  void Finish(const train::Trainer& trainer) {
    for (const float value : trainer.params()) params.push_back(std::bit_cast<uint32_t>(value));
    for (const float value : trainer.buffers()) params.push_back(std::bit_cast<uint32_t>(value));
  }
};

class ResumptionTest : public testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<train::Trainer> Create() const {
    auto trainer = train::Trainer::Create(WorkloadOf(GetParam()), 3, data_.view(), nullptr);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    return *std::move(trainer);
  }
  const train::SyntheticExamples data_{144, 4, {.train = 72, .validation = 20, .test = 20}, 4, 1, {12, 12, 1}};
  const TrainingIdentity identity_{"workload", 3, "data", "engine"};
};

TEST_P(ResumptionTest, AtEveryStepGivesTheSameBits) {
  Output whole, relayed;
  const auto undisturbed = Create();
  ASSERT_EQ(undisturbed->Run([&](const auto& report) { whole.Add(report); }, nullptr),
            train::Trainer::Outcome::kFinished);
  whole.Finish(*undisturbed);
  ASSERT_FALSE(whole.values.empty());

  auto runner = Create();
  auto outcome = train::Trainer::Outcome::kStopped;
  uint64_t checkpoints = 0;
  while (outcome == train::Trainer::Outcome::kStopped) {
    const Checkpoint checkpoint = WriteCheckpoint(identity_, *runner);
    EXPECT_EQ(checkpoint.step, checkpoints++);
    runner = Create();
    const absl::Status read = ReadCheckpoint(checkpoint.bytes, identity_, runner.get());
    ASSERT_TRUE(read.ok()) << read;
    EXPECT_EQ(WriteCheckpoint(identity_, *runner).bytes, checkpoint.bytes);
    outcome = runner->Run([&](const auto& report) { relayed.Add(report); }, nullptr, runner->step() + 1);
  }
  EXPECT_EQ(outcome, train::Trainer::Outcome::kFinished);
  EXPECT_EQ(checkpoints, runner->step());
  relayed.Finish(*runner);
  EXPECT_TRUE(relayed == whole);
}

INSTANTIATE_TEST_SUITE_P(All, ResumptionTest, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& test) { return test.param.name; });

// The messages that are members of a oneof, below `type`.
void AddMembers(const Descriptor* type, std::set<const Descriptor*>* seen, std::set<std::string>* members) {
  if (!seen->insert(type).second) return;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->message_type() == nullptr) continue;
    if (field->real_containing_oneof() != nullptr) members->insert(field->message_type()->name());
    AddMembers(field->message_type(), seen, members);
  }
}

void AddUsed(const Message& message, std::set<std::string>* used) {
  used->insert(message.GetDescriptor()->name());
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      AddUsed(message.GetReflection()->GetMessage(message, field), used);
      continue;
    }
    for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
      AddUsed(message.GetReflection()->GetRepeatedMessage(message, field, i), used);
    }
  }
}

// A setting that was added without a case here is named by this test: add a case that uses it.
TEST(ResumptionCasesTest, UseEveryMemberOfEveryOneof) {
  // What the data are is not remembered by a training.
  std::set<const Descriptor*> seen = {v1::TrainWorkload::descriptor()->FindFieldByName("dataset")->message_type()};
  std::set<std::string> members, used, unused;
  AddMembers(v1::TrainWorkload::descriptor(), &seen, &members);
  for (const Case& c : kCases) AddUsed(WorkloadOf(c), &used);
  std::ranges::set_difference(members, used, std::inserter(unused, unused.end()));
  EXPECT_GE(members.size(), 9u);
  EXPECT_THAT(unused, testing::IsEmpty());
}

}  // namespace
}  // namespace basin::worker::job
