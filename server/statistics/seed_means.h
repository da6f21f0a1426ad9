#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "proto/contract/aggregate.h"

namespace basin::server::statistics {

// Which config and which seed a trial is of; steps from one trial to the next without a division.
struct TrialPlace {
  TrialPlace(uint64_t index, uint64_t of) : configs(of), config(index % of), position(index / of) {}
  void Next() {
    if (++config == configs) {
      config = 0;
      ++position;
    }
  }
  uint64_t configs;
  uint64_t config;
  uint64_t position;
};

// Values of trials in groups: for each group and seed their mean, and for each group what those means amount to. Values
// of the same group and seed are summed in the order in which they are added.
class SeedMeans {
 public:
  // `positions`: of the seeds, in the order in which their means are aggregated.
  explicit SeedMeans(std::vector<uint64_t> positions) : positions_(std::move(positions)) {}

  // That many groups at least.
  void Grow(size_t groups) {
    if (groups > touched_.size()) {
      touched_.resize(groups, false);
      means_.resize(groups * positions_.size());
    }
  }
  // What is not finite counts for no mean.
  void Add(uint32_t group, uint64_t position, double value) {
    touched_[group] = true;
    if (!std::isfinite(value)) return;
    Mean& mean = means_[group * positions_.size() + position];
    mean.sum += value;
    mean.count += 1;
  }
  // How many values of the group are finite.
  uint64_t FiniteOf(uint32_t group) const {
    double count = 0;
    for (size_t i = group * positions_.size(); i < (group + 1) * positions_.size(); ++i) count += means_[i].count;
    return static_cast<uint64_t>(count);
  }
  // Whether a value was added, be it finite or not.
  bool AddedTo(uint32_t group) const { return touched_[group]; }

  // Of each group, over its seeds that have a finite value.
  std::vector<contract::Aggregate> Aggregates() const {
    std::vector<contract::Aggregate> aggregates;
    aggregates.reserve(touched_.size());
    std::vector<double> of_seeds;
    for (size_t group = 0; group < touched_.size(); ++group) {
      of_seeds.clear();
      for (const uint64_t position : positions_) {
        const Mean& mean = means_[group * positions_.size() + position];
        if (mean.count > 0) of_seeds.push_back(mean.sum / mean.count);
      }
      aggregates.push_back(contract::Summarize(of_seeds));
    }
    return aggregates;
  }

 private:
  struct Mean {
    double sum = 0;
    double count = 0;
  };
  std::vector<uint64_t> positions_;
  std::vector<uint8_t> touched_;
  std::vector<Mean> means_;  // [group][position]
};

}  // namespace basin::server::statistics
