// GroupResults against SlowResults, bit by bit, on random sweeps, trials and queries.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "proto/contract/space.h"
#include "server/statistics/group_results.h"
#include "tests/server/statistics/listed_trials.h"
#include "tests/server/statistics/slow_results.h"

namespace basin::server::statistics {
namespace {

using contract::Space;

std::string BitsOf(const std::optional<double>& value) {
  return value ? absl::StrCat(absl::Hex(std::bit_cast<uint64_t>(*value))) : "none";
}

std::string Text(const contract::Aggregate& a) {
  return absl::StrCat("(", a.n, " ", BitsOf(a.mean), " ", BitsOf(a.std), " ", BitsOf(a.ci_low), " ", BitsOf(a.ci_high),
                      ")");
}

std::string Text(const ResultTable& table) {
  std::string text = absl::StrCat(table.total_rows, " rows by");
  for (const std::string& path : table.param_paths) absl::StrAppend(&text, " ", path);
  for (const ResultRow& row : table.rows) {
    absl::StrAppend(&text, "\n", row.config ? absl::StrCat(*row.config) : "group");
    for (const std::string& param : row.params) absl::StrAppend(&text, " [", param, "]");
    absl::StrAppend(&text, " ", Text(row.objective), " ends ", row.succeeded, " ", row.diverged, " ", row.pruned, " ",
                    row.failed, " ", row.cancelled, " ", row.unfinished, row.complete ? " complete" : "",
                    row.best ? " best" : "");
    for (const auto& [name, aggregate] : row.metrics) absl::StrAppend(&text, " ", name, Text(aggregate));
  }
  return text;
}

// Whatever a sweep may be: a choice with domains of its own among other domains.
std::shared_ptr<const Space> MakeSpace(std::mt19937_64& random) {
  v1::SweepSpec spec;
  const bool parsed = google::protobuf::TextFormat::ParseFromString(
      R"pb(name: "random"
           objective { minimize: "val_loss" }
           seeds { count: 1 }
           base {
             train {
               dataset { name: "digits" }
               model { mlp { hidden: 8 } }
               epochs: 3
             }
           }
           domains {
             path: "train.batch_size"
             values {
               values { int_value: 16 }
               values { int_value: 8 }
               values { string_value: "full" }
             }
           }
           domains {
             path: "train.schedule"
             choice {
               options { partial { train { schedule { constant {} } } } }
               options {
                 partial { train { schedule { exponential {} } } }
                 domains {
                   path: "train.schedule.exponential.gamma"
                   values {
                     values { double_value: 0.9 }
                     values { double_value: 0.5 }
                   }
                 }
               }
               options { partial { train { schedule { sgdr { first_period_epochs: 1 } } } } }
             }
           })pb",
      &spec);
  EXPECT_TRUE(parsed);
  v1::Domain* rate = spec.add_domains();
  rate->set_path("train.learning_rate");
  rate->mutable_log_uniform()->set_low(0.001);
  rate->mutable_log_uniform()->set_high(1);
  rate->mutable_log_uniform()->set_points(2 + random() % 4);
  auto space = Space::Create(spec);
  EXPECT_TRUE(space.ok()) << space.status();
  return *space;
}

class RandomResults {
 public:
  explicit RandomResults(uint64_t seed) : random_(seed), space_(MakeSpace(random_)) {
    query_.configs = space_->size();
    query_.seeds = 1 + Draw(4);
    for (uint64_t i = 0; Draw(2) == 0 || i > 0; ++i) {
      if (i == query_.seeds) break;
      query_.seed_list.push_back((i * 7 + 5) % 11);
    }
    query_.maximize = Draw(2) == 0;
    query_.live = Draw(3) > 0;
    query_.param_paths = space_->ParamPaths();
    query_.metric_names = {"val_loss", "val_accuracy"};
    DrawTrials();
    DrawQuestion();
  }

  void Check() {
    const auto slow = SlowResults(query_, trials_, [this](uint64_t config) { return space_->Params(config); });
    ListedTrials listed(trials_, query_.configs, query_.seed_list, 1 + Draw(50));
    const auto fast = GroupResults(query_, *space_, listed);
    ASSERT_EQ(slow.status(), fast.status());
    if (slow.ok()) {
      EXPECT_EQ(Text(*slow), Text(*fast));
    }
  }

 private:
  uint64_t Draw(uint64_t below) { return random_() % below; }

  double Value() {
    switch (Draw(20)) {
      case 0:
        return std::numeric_limits<double>::quiet_NaN();
      case 1:
        return -std::numeric_limits<double>::infinity();
      case 2:
        return -0.0;
      case 3:
        return 1e308;  // The sum of two overflows.
      case 4:
      case 5:
        return 0.25;  // Ties.
      default:
        return std::ldexp(static_cast<double>(random_() >> 11), -60 + static_cast<int>(Draw(20)));
    }
  }

  void DrawTrials() {
    const TrialEnd ends[] = {TrialEnd::kUnfinished, TrialEnd::kSucceeded, TrialEnd::kSucceeded,
                             TrialEnd::kSucceeded,  TrialEnd::kSucceeded, TrialEnd::kDiverged,
                             TrialEnd::kPruned,     TrialEnd::kFailed,    TrialEnd::kCancelled};
    const uint64_t leased = Draw(query_.configs * query_.seeds + 1);
    const bool all_succeed = Draw(2) == 0;
    for (uint64_t index = 0; index < leased; ++index) {
      if (Draw(20) == 0 && !all_succeed) continue;  // Passed over.
      const uint64_t position = index / query_.configs;
      TrialValue trial{.config = index % query_.configs,
                       .seed = query_.seed_list.empty() ? position : query_.seed_list[position],
                       .end = all_succeed ? TrialEnd::kSucceeded : ends[Draw(std::size(ends))],
                       .objective = {},
                       .metrics = {}};
      const bool result = trial.end == TrialEnd::kSucceeded || trial.end == TrialEnd::kDiverged;
      if (trial.end == TrialEnd::kSucceeded && Draw(15) > 0) trial.objective = Value();
      for (const char* name : {"val_loss", "val_accuracy", "x"}) {
        if (result && Draw(10) > 0) trial.metrics[name] = Value();
      }
      if (trial.end == TrialEnd::kDiverged && Draw(4) == 0) trial.metrics["of_diverged"] = 1;
      trials_.push_back(std::move(trial));
    }
  }

  void DrawQuestion() {
    const char* const fields[] = {"batch_size", "schedule", "gamma", "learning_rate", "unknown"};
    for (uint64_t i = Draw(4); i > 0; --i) query_.by.emplace_back(fields[Draw(30) == 0 ? 4 : Draw(4)]);
    const char* const conditions[] = {"batch_size<16",       "batch_size!=full", "schedule=sgdr", "gamma=0.9",
                                      "learning_rate>0.002", "gamma!=3",         "unknown=1"};
    for (uint64_t i = Draw(3); i > 0; --i) query_.where.emplace_back(conditions[Draw(30) == 0 ? 6 : Draw(6)]);
    const char* const sorts[] = {"",         "mean",     "-mean",         "std",       "-std",        "n",
                                 "-n",       "val_loss", "-val_accuracy", "x",         "batch_size",  "-batch_size",
                                 "schedule", "-gamma",   "learning_rate", "-schedule", "of_diverged", "unknown"};
    query_.sort = sorts[Draw(std::size(sorts))];
    if (Draw(2) == 0) {
      query_.first_row = Draw(10);
      query_.max_rows = 1 + Draw(10);
    }
  }

  std::mt19937_64 random_;
  std::shared_ptr<const Space> space_;
  ResultQuery query_;
  std::vector<TrialValue> trials_;
};

TEST(RandomResultsTest, ColumnsGiveTheBitsOfTrialByTrial) {
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomResults(seed).Check();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace basin::server::statistics
