#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/statistics/trial_columns.h"
#include "tests/server/statistics/slow_results.h"

namespace basin::server::statistics {

// Trials one by one, as columns in pieces of a few.
class ListedTrials : public TrialColumns {
 public:
  // `seed_list` as in ResultQuery: a trial's index comes of its seed's position there.
  ListedTrials(std::span<const TrialValue> trials, uint64_t configs, const std::vector<uint64_t>& seed_list = {},
               uint64_t piece = 3) {
    for (const TrialValue& trial : trials) {
      uint64_t position = trial.seed;
      if (!seed_list.empty()) {
        position = static_cast<uint64_t>(std::ranges::find(seed_list, trial.seed) - seed_list.begin());
      }
      const uint64_t index = position * configs + trial.config;
      Piece& of = pieces_[index / piece];
      of.first = index / piece * piece;
      const size_t place = index - of.first;
      if (of.ends.size() <= place) {
        of.ends.resize(place + 1, TrialEnd::kNone);
        of.objectives.resize(place + 1, NoValue());
      }
      of.ends[place] = trial.end;
      of.objectives[place] = trial.objective.value_or(NoValue());
      for (const auto& [name, value] : trial.metrics) {
        names_.insert(name);
        if (trial.end != TrialEnd::kSucceeded) continue;
        std::vector<double>& values = of.metrics[name];
        if (values.size() <= place) values.resize(place + 1, NoValue());
        values[place] = value;
      }
      end_ = std::max(end_, index + 1);
    }
  }

  uint64_t end() const override { return end_; }
  absl::Status ReadEnds(const OnEnds& on_ends) override {
    for (const auto& [number, piece] : pieces_) on_ends(piece.first, piece.ends, piece.objectives);
    return absl::OkStatus();
  }
  std::vector<std::string> MetricNames() const override { return {names_.begin(), names_.end()}; }
  absl::Status ReadMetric(const std::string& name, const OnValues& on_values) override {
    for (const auto& [number, piece] : pieces_) {
      const auto values = piece.metrics.find(name);
      if (values != piece.metrics.end()) on_values(piece.first, values->second);
    }
    return absl::OkStatus();
  }

 private:
  struct Piece {
    uint64_t first = 0;
    std::vector<TrialEnd> ends;
    std::vector<double> objectives;
    std::map<std::string, std::vector<double>> metrics;
  };
  std::map<uint64_t, Piece> pieces_;
  std::set<std::string> names_;
  uint64_t end_ = 0;
};

}  // namespace basin::server::statistics
