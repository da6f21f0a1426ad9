#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/core/model.h"

namespace basin::tests {

// A space of `size` configs; config i has one param, `train.batch_size` = i, and needs the data set that `dataset_of`
// names.
class FakeSpace : public contract::Space {
 public:
  FakeSpace(uint64_t size, std::function<std::string(uint64_t config)> dataset_of);
  uint64_t size() const override { return size_; }
  std::vector<v1::Param> Params(uint64_t index) const override;
  v1::Workload Resolve(uint64_t index) const override;
  std::vector<std::string> ParamPaths() const override { return {"train.batch_size"}; }
  Digit DigitOf(const std::string&) const override { return {.stride = 1, .size = size_}; }
  std::string DatasetOf(uint64_t index) const override { return dataset_of_(index); }

 private:
  uint64_t size_;
  std::function<std::string(uint64_t)> dataset_of_;
};

// A sweep of two configs and one seed on `digits` that minimizes val_loss, unless told otherwise.
class SweepBuilder {
 public:
  SweepBuilder& Name(std::string name);
  SweepBuilder& Configs(uint64_t configs);
  SweepBuilder& Seeds(uint64_t seeds);
  SweepBuilder& SeedList(const std::vector<uint64_t>& seeds);
  SweepBuilder& Maximize(const std::string& metric);
  SweepBuilder& AtBest();
  SweepBuilder& MaxAttempts(uint32_t attempts);
  SweepBuilder& MaxParallel(uint32_t trials);
  SweepBuilder& TrialSeconds(double seconds);
  SweepBuilder& Priority(int32_t priority);
  SweepBuilder& Reuse();
  SweepBuilder& WorkloadBytes(uint64_t bytes);
  SweepBuilder& Keep(v1::Keep::Weights weights);
  SweepBuilder& Dataset(const std::string& name);
  SweepBuilder& DatasetOf(std::function<std::string(uint64_t config)> dataset_of);
  std::shared_ptr<const server::core::SweepDefinition> Build() const;

 private:
  server::core::SweepDefinition definition_ = Start();
  std::function<std::string(uint64_t)> dataset_of_ = [](uint64_t) { return "digits"; };
  static server::core::SweepDefinition Start();
};

}  // namespace basin::tests
