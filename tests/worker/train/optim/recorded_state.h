#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::train {

// A checkpoint in memory: visits once to save, and sets what it saved in every later visit.
class RecordedState final : public StateVisitor {
 public:
  void Floats(std::string_view name, std::span<float> values) override { Visit(floats_, name, values); }
  void Doubles(std::string_view name, std::span<double> values) override { Visit(doubles_, name, values); }
  void Count(std::string_view name, uint64_t& value) override { Visit(counts_, name, std::span<uint64_t>(&value, 1)); }

  // What is visited from now on is set.
  void Restore() { restores_ = true; }
  size_t size() const { return floats_.size() + doubles_.size() + counts_.size(); }

 private:
  template <typename T>
  void Visit(std::map<std::string, std::vector<T>>& saved, std::string_view name, std::span<T> values) {
    const std::string path = scope_ + std::string(name);
    if (!restores_) {
      EXPECT_TRUE(saved.emplace(path, std::vector<T>(values.begin(), values.end())).second) << path << " twice";
      return;
    }
    ASSERT_EQ(saved.count(path), 1u) << path;
    ASSERT_EQ(saved[path].size(), values.size()) << path;
    std::copy(saved[path].begin(), saved[path].end(), values.begin());
  }
  void Enter(std::string_view name) override { scope_ += std::string(name) + "."; }
  void Leave() override { scope_.erase(scope_.find_last_of('.', scope_.size() - 2) + 1); }

  bool restores_ = false;
  std::string scope_;
  std::map<std::string, std::vector<float>> floats_;
  std::map<std::string, std::vector<double>> doubles_;
  std::map<std::string, std::vector<uint64_t>> counts_;
};

}  // namespace basin::worker::train
