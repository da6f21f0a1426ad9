#include "server/core/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace basin::server::core {
namespace {

v1::SweepSpec DigitsSpec() {
  v1::SweepSpec spec;
  spec.set_name("digits");
  spec.mutable_objective()->set_maximize("val_accuracy");
  spec.mutable_objective()->set_at(v1::Objective::AT_BEST);
  spec.mutable_seeds()->set_count(4);
  spec.mutable_search()->mutable_grid();
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  train->mutable_dataset()->set_name("digits");
  train->mutable_model()->mutable_softmax_regression();
  train->set_epochs(2);
  train->set_learning_rate(0.1);
  v1::Domain* batch = spec.add_domains();
  batch->set_path("train.batch_size");
  for (const int64_t size : {16, 32, 128}) batch->mutable_values()->add_values()->set_int_value(size);
  return spec;
}

TEST(SweepDefinitionTest, SpecIsTakenApart) {
  v1::SweepSpec spec = DigitsSpec();
  spec.mutable_limits()->set_max_attempts(5);
  spec.mutable_limits()->set_max_parallel(2);
  spec.mutable_limits()->set_trial_seconds(1.5);
  const auto definition = SweepDefinition::Create(spec);
  ASSERT_TRUE(definition.ok()) << definition.status();
  EXPECT_EQ((*definition)->objective_metric, "val_accuracy");
  EXPECT_TRUE((*definition)->maximize);
  EXPECT_TRUE((*definition)->objective_at_best);
  EXPECT_EQ((*definition)->configs, 3u);
  EXPECT_EQ((*definition)->seeds, 4u);
  EXPECT_EQ((*definition)->trials(), 12u);
  EXPECT_EQ((*definition)->max_attempts, 5u);
  EXPECT_EQ((*definition)->max_parallel, 2u);
  EXPECT_EQ((*definition)->trial_time_limit, std::chrono::milliseconds(1500));
  EXPECT_EQ((*definition)->space->DatasetOf(2), "digits");
}

TEST(SweepDefinitionTest, LimitsHaveDefaults) {
  const auto definition = SweepDefinition::Create(DigitsSpec());
  ASSERT_TRUE(definition.ok()) << definition.status();
  EXPECT_EQ((*definition)->max_attempts, 3u);
  EXPECT_EQ((*definition)->max_parallel, 0u);
  EXPECT_EQ((*definition)->trial_time_limit, std::nullopt);
}

TEST(SweepDefinitionTest, EmptyDomainIsRefused) {
  v1::SweepSpec spec = DigitsSpec();
  spec.mutable_domains(0)->mutable_values()->clear_values();
  EXPECT_EQ(SweepDefinition::Create(spec).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(OutcomeTest, IdentityTellsAllFieldsApartButTheDuration) {
  std::vector<Outcome> outcomes(6);
  outcomes[1].kind = OutcomeKind::kDiverged;
  outcomes[2].message = "a";
  outcomes[3].weights_digest = "a";
  outcomes[4].data_digest = "a";
  outcomes[5].engine_fingerprint = "a";
  std::set<std::string> identities;
  for (const Outcome& outcome : outcomes) identities.insert(outcome.Identity());
  EXPECT_EQ(identities.size(), outcomes.size());
  Outcome slower = outcomes[0];
  slower.duration = std::chrono::seconds(9);
  EXPECT_EQ(slower.Identity(), outcomes[0].Identity());
}

TEST(OutcomeTest, IdentityDoesNotConfuseNeighbouringFields) {
  Outcome a, b;
  a.message = "x;1:y";
  b.message = "x";
  b.weights_digest = "y";
  EXPECT_NE(a.Identity(), b.Identity());
}

}  // namespace
}  // namespace basin::server::core
