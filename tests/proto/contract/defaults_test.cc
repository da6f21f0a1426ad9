#include "proto/contract/defaults.h"

#include "gmock/gmock.h"
#include "proto/contract/canonical.h"
#include "proto/contract/digest.h"
#include "proto/contract/validate.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

TEST(FillDefaultsTest, ResolvedWorkloadIsExplicit) {
  v1::Workload workload = Sweep().base();
  FillDefaults(&workload);
  const auto expected = Parse<v1::Workload>(R"pb(
    train {
      dataset {
        name: "digits"
        validation_fraction: 0.1
        test_fraction: 0.1
        split_seed: 0
        standardize: true
        label_noise: 0
      }
      model {
        mlp { hidden: 32 activation: ACTIVATION_RELU }
        initialization: INITIALIZATION_HE
      }
      epochs: 30
      batch_size: 16
      drop_last: false
      learning_rate: 0.1
      optimizer { sgd { momentum: 0 dampening: 0 nesterov: false l2: 0 weight_decay: 0 decay_biases_and_norms: true } }
      schedule { constant {} }
      loss { cross_entropy { label_smoothing: 0 } }
      learning_rate_scaling { none {} }
      accumulate: 1
      sampling: SAMPLING_WITHOUT_REPLACEMENT
    }
  )pb");
  EXPECT_EQ(workload.DebugString(), expected.DebugString());
  EXPECT_TRUE(ValidateResolved(workload).ok());
}

TEST(FillDefaultsTest, IsIdempotent) {
  v1::Workload workload = Sweep().base();
  FillDefaults(&workload);
  const std::string once = CanonicalBytes(workload);
  FillDefaults(&workload);
  EXPECT_EQ(CanonicalBytes(workload), once);
}

TEST(FillDefaultsTest, KeepsWhatWasSet) {
  auto schedule = Parse<v1::Schedule>("warmup { steps: 5 }");
  FillDefaults(&schedule);
  EXPECT_TRUE(schedule.warmup().then().has_constant());
  EXPECT_EQ(schedule.warmup().steps(), 5u);
  auto step = Parse<v1::Schedule>("step { every_steps: 5 gamma: 0.5 }");
  FillDefaults(&step);
  EXPECT_EQ(step.step().gamma(), 0.5);
}

TEST(FillDefaultsTest, MessageWithAnUnsetOneofGetsItsDefault) {
  v1::Workload workload = Sweep().base();
  workload.mutable_train()->mutable_schedule();
  EXPECT_TRUE(CheckRules(workload).empty());
  FillDefaults(&workload);
  EXPECT_TRUE(workload.train().schedule().has_constant());
}

TEST(FillDefaultsTest, BaseOfASweepStaysAsItIs) {
  v1::SweepSpec spec = Sweep();
  FillDefaults(&spec);
  EXPECT_FALSE(spec.base().train().has_schedule());
  EXPECT_TRUE(spec.search().has_grid());
  EXPECT_EQ(spec.objective().at(), v1::Objective::AT_LAST);
}

TEST(CanonicalTest, DigestFollowsEveryField) {
  v1::Workload workload = Sweep().base();
  const std::string digest = CanonicalDigest(workload);
  EXPECT_EQ(CanonicalDigest(Sweep().base()), digest);
  workload.mutable_train()->set_learning_rate(0.1000000001);
  EXPECT_NE(CanonicalDigest(workload), digest);
}

TEST(DigestTest, MatchesTheStandardsExamples) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 sha;
  sha.Update("a", 1);
  sha.Update("bc", 2);
  EXPECT_EQ(sha.FinishHex(), Sha256Hex("abc"));
}

}  // namespace
}  // namespace basin::contract
