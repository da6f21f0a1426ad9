#include "tests/support/sweep_builder.h"

#include <cmath>
#include <utility>

namespace basin::tests {

using server::core::SweepDefinition;

FakeSpace::FakeSpace(uint64_t size, std::function<std::string(uint64_t config)> dataset_of)
    : size_(size), dataset_of_(std::move(dataset_of)) {}

std::vector<v1::Param> FakeSpace::Params(uint64_t index) const {
  v1::Param param;
  param.set_path("train.batch_size");
  param.mutable_value()->set_int_value(static_cast<int64_t>(index));
  return {param};
}

v1::Workload FakeSpace::Resolve(uint64_t index) const {
  v1::Workload workload;
  workload.mutable_train()->set_batch_size(static_cast<uint32_t>(index) + 1);
  workload.mutable_train()->mutable_dataset()->set_name(dataset_of_(index));
  return workload;
}

SweepDefinition SweepBuilder::Start() {
  SweepDefinition definition;
  definition.spec.set_name("a-sweep");
  definition.spec.mutable_objective()->set_minimize("val_loss");
  definition.objective_metric = "val_loss";
  definition.configs = 2;
  definition.seeds = 1;
  definition.spec.mutable_seeds()->set_count(1);
  return definition;
}

SweepBuilder& SweepBuilder::Name(std::string name) {
  definition_.spec.set_name(std::move(name));
  return *this;
}

SweepBuilder& SweepBuilder::WorkloadBytes(uint64_t bytes) {
  definition_.workload_bytes = bytes;
  return *this;
}

SweepBuilder& SweepBuilder::Configs(uint64_t configs) {
  definition_.configs = configs;
  return *this;
}

SweepBuilder& SweepBuilder::Seeds(uint64_t seeds) {
  definition_.seeds = seeds;
  definition_.spec.mutable_seeds()->set_count(seeds);
  return *this;
}

SweepBuilder& SweepBuilder::SeedList(const std::vector<uint64_t>& seeds) {
  definition_.seeds = seeds.size();
  auto* list = definition_.spec.mutable_seeds()->mutable_list();
  list->clear_seeds();
  for (const uint64_t seed : seeds) list->add_seeds(seed);
  return *this;
}

SweepBuilder& SweepBuilder::Maximize(const std::string& metric) {
  definition_.spec.mutable_objective()->set_maximize(metric);
  definition_.objective_metric = metric;
  definition_.maximize = true;
  return *this;
}

SweepBuilder& SweepBuilder::AtBest() {
  definition_.spec.mutable_objective()->set_at(v1::Objective::AT_BEST);
  definition_.objective_at_best = true;
  return *this;
}

SweepBuilder& SweepBuilder::MaxAttempts(uint32_t attempts) {
  definition_.spec.mutable_limits()->set_max_attempts(attempts);
  definition_.max_attempts = attempts;
  return *this;
}

SweepBuilder& SweepBuilder::MaxParallel(uint32_t trials) {
  definition_.spec.mutable_limits()->set_max_parallel(trials);
  definition_.max_parallel = trials;
  return *this;
}

SweepBuilder& SweepBuilder::TrialSeconds(double seconds) {
  definition_.spec.mutable_limits()->set_trial_seconds(seconds);
  definition_.trial_time_limit = server::core::MonoTime(std::llround(seconds * 1e9));
  return *this;
}

SweepBuilder& SweepBuilder::Priority(int32_t priority) {
  definition_.spec.set_priority(priority);
  return *this;
}

SweepBuilder& SweepBuilder::Reuse() {
  definition_.spec.set_reuse(true);
  return *this;
}

SweepBuilder& SweepBuilder::Keep(v1::Keep::Weights weights) {
  definition_.spec.mutable_keep()->set_weights(weights);
  return *this;
}

SweepBuilder& SweepBuilder::Dataset(const std::string& name) {
  return DatasetOf([name](uint64_t) { return name; });
}

SweepBuilder& SweepBuilder::DatasetOf(std::function<std::string(uint64_t config)> dataset_of) {
  dataset_of_ = std::move(dataset_of);
  return *this;
}

std::shared_ptr<const SweepDefinition> SweepBuilder::Build() const {
  auto definition = std::make_shared<SweepDefinition>(definition_);
  definition->space = std::make_shared<FakeSpace>(definition->configs, dataset_of_);
  return definition;
}

}  // namespace basin::tests
