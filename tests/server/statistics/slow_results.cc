#include "tests/server/statistics/slow_results.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_path.h"
#include "proto/contract/violation.h"
#include "server/statistics/field_condition.h"

namespace basin::server::statistics {
namespace {

constexpr uint64_t kMostUnseenConfigs = 100000;

absl::Status Violates(const std::string& path, const absl::Status& status) {
  return contract::InvalidArgument({{path, std::string(status.message())}});
}

// What a seed's trials of one group add up to.
struct Mean {
  double sum = 0;
  double count = 0;
  void Add(double value) {
    if (!std::isfinite(value)) return;
    sum += value;
    count += 1;
  }
};

struct SeedValues {
  Mean objective;
  std::map<std::string, Mean> metrics;
};

// A row in the making.
struct Group {
  ResultRow row;
  std::vector<std::optional<v1::Value>> held;  // Parallel to the table's param_paths.
  uint64_t configs = 0;
  uint64_t results = 0;     // SUCCEEDED with a finite objective.
  uint64_t seen_ended = 0;  // Trials that ended.
  uint64_t seen_open = 0;
  std::map<uint64_t, SeedValues> seeds;
  uint64_t trials = 0;
  uint64_t missing = 0;  // Results.
  bool all_configs_known = false;

  void Add(const TrialValue& trial);
  void Finish(const ResultQuery& query, bool all_known);
};

void Group::Add(const TrialValue& trial) {
  switch (trial.end) {
    case TrialEnd::kNone:
      return;
    case TrialEnd::kUnfinished:
      ++seen_open;
      return;
    case TrialEnd::kSucceeded:
      ++row.succeeded;
      break;
    case TrialEnd::kDiverged:
      ++row.diverged;
      break;
    case TrialEnd::kPruned:
      ++row.pruned;
      break;
    case TrialEnd::kFailed:
      ++row.failed;
      break;
    case TrialEnd::kCancelled:
      ++row.cancelled;
      break;
  }
  ++seen_ended;
  if (trial.end != TrialEnd::kSucceeded) return;
  if (trial.objective && std::isfinite(*trial.objective)) ++results;
  SeedValues& seed = seeds[trial.seed];
  if (trial.objective) seed.objective.Add(*trial.objective);
  for (const auto& [name, value] : trial.metrics) seed.metrics[name].Add(value);
}

void Group::Finish(const ResultQuery& query, bool all_known) {
  std::vector<double> objectives;
  std::map<std::string, std::vector<double>> metrics;
  for (const auto& [seed, values] : seeds) {
    if (values.objective.count > 0) objectives.push_back(values.objective.sum / values.objective.count);
    for (const auto& [name, mean] : values.metrics) {
      std::vector<double>& of_metric = metrics[name];
      if (mean.count > 0) of_metric.push_back(mean.sum / mean.count);
    }
  }
  row.objective = contract::Summarize(objectives);
  for (const auto& [name, values] : metrics) row.metrics[name] = contract::Summarize(values);
  trials = configs * query.seeds;
  all_configs_known = all_known;
  (query.live ? row.unfinished : row.cancelled) += trials - seen_ended - seen_open;
  row.unfinished += seen_open;
  missing = all_configs_known ? trials - results : 1;
  row.complete = missing == 0 && row.objective.mean.has_value();
}

// What rows are sorted by: a number or a word, or nothing.
struct SortKey {
  uint64_t missing = 0;  // The more, the later, whatever the direction.
  std::optional<double> number;
  std::optional<std::string> word;
};

struct SortOrder {
  enum class By { kMean, kStd, kCount, kParam, kMetric } by = By::kMean;
  bool descending = false;
  std::string metric;
  size_t param = 0;

  SortKey KeyOf(const Group& group) const;
};

SortKey SortOrder::KeyOf(const Group& group) const {
  SortKey key;
  if (by == By::kParam) {
    const std::optional<v1::Value>& value = group.held[param];
    if (!value) return key;
    key.number = NumberOf(*value);
    if (!key.number) key.word = contract::FormatValue(*value);
    return key;
  }
  if (by == By::kCount) {
    key.number = static_cast<double>(group.row.objective.n);
    return key;
  }
  key.missing = group.missing;
  if (by == By::kMean) key.number = group.row.objective.mean;
  if (by == By::kStd) key.number = group.row.objective.std;
  if (by == By::kMetric) {
    const auto found = group.row.metrics.find(metric);
    if (found != group.row.metrics.end()) key.number = found->second.mean;
    key.missing = 1;
    if (group.all_configs_known) {
      key.missing = group.trials;
      for (const auto& [seed, values] : group.seeds) {
        const auto mean = values.metrics.find(metric);
        if (mean != values.metrics.end()) key.missing -= static_cast<uint64_t>(mean->second.count);
      }
    }
  }
  return key;
}

bool ComesBefore(const SortKey& a, const SortKey& b, bool descending) {
  if (a.missing != b.missing) return a.missing < b.missing;
  const auto kind = [](const SortKey& key) { return key.number ? 0 : key.word ? 1 : 2; };
  const int kind_a = kind(a), kind_b = kind(b);
  if (kind_a == 2 || kind_b == 2) return kind_a < kind_b;
  if (kind_a != kind_b) return descending ? kind_a > kind_b : kind_a < kind_b;
  if (kind_a == 0) return descending ? *a.number > *b.number : *a.number < *b.number;
  return descending ? *a.word > *b.word : *a.word < *b.word;
}

absl::StatusOr<SortOrder> ParseSort(const ResultQuery& query, const std::vector<std::string>& columns,
                                    std::span<const TrialValue> trials) {
  SortOrder order;
  if (query.sort.empty()) {
    order.descending = query.maximize;
    return order;
  }
  std::string field = query.sort;
  if (field.front() == '-') {
    order.descending = true;
    field.erase(0, 1);
  }
  if (field == "mean") return order;
  if (field == "std" || field == "n") {
    order.by = field == "n" ? SortOrder::By::kCount : SortOrder::By::kStd;
    return order;
  }
  const absl::StatusOr<std::string> param = FindParam(field, columns);
  if (param.ok()) {
    order.by = SortOrder::By::kParam;
    order.param = std::find(columns.begin(), columns.end(), *param) - columns.begin();
    return order;
  }
  order.by = SortOrder::By::kMetric;
  order.metric = field;
  if (std::find(query.metric_names.begin(), query.metric_names.end(), field) != query.metric_names.end()) return order;
  for (const TrialValue& trial : trials) {
    if (trial.metrics.contains(field)) return order;
  }
  return contract::InvalidArgument(
      {{"sort",
        absl::StrCat("\"", field, "\" is nothing to sort by; there are mean, std, n",
                     columns.empty() ? "" : ", the params ", absl::StrJoin(columns, ", "),
                     query.metric_names.empty() ? "" : ", the metrics ", absl::StrJoin(query.metric_names, ", "))}});
}

// The groups that configs fall into.
class Grouping {
 public:
  Grouping(const ResultQuery& query, std::vector<FieldCondition> conditions, std::vector<std::string> columns,
           const ConfigParams& params_of)
      : query_(query), conditions_(std::move(conditions)), columns_(std::move(columns)), params_of_(params_of) {}

  // The group of a config, nullptr if a condition leaves it out. The first call for a config counts it.
  Group* Find(uint64_t config) {
    const auto [it, fresh] = of_config_.try_emplace(config, nullptr);
    if (fresh) it->second = Place(config, /*may_begin=*/true);
    return it->second;
  }

  // Counts the configs without a trial into the groups that exist. False if there are too many to look at.
  bool CountUnseen() {
    const uint64_t unseen = query_.configs - std::min<uint64_t>(query_.configs, of_config_.size());
    if (unseen > kMostUnseenConfigs) return false;
    if (unseen == 0) return true;
    for (uint64_t config = 0; config < query_.configs; ++config) {
      if (!of_config_.contains(config)) Place(config, /*may_begin=*/false);
    }
    return true;
  }

  std::vector<std::unique_ptr<Group>> Take() { return std::move(groups_); }

 private:
  Group* Place(uint64_t config, bool may_begin) {
    std::map<std::string, v1::Value> values;
    for (v1::Param& param : params_of_(config)) values[param.path()] = std::move(*param.mutable_value());
    for (const FieldCondition& condition : conditions_) {
      const auto value = values.find(condition.path);
      if (value == values.end() || !condition.HoldsOf(value->second)) return nullptr;
    }
    std::string key;
    Group fresh;
    for (const std::string& path : columns_) {
      const auto value = values.find(path);
      fresh.held.push_back(value == values.end() ? std::nullopt : std::optional(value->second));
      fresh.row.params.push_back(value == values.end() ? "" : contract::FormatValue(value->second));
      absl::StrAppend(&key, value == values.end() ? 0 : static_cast<int>(value->second.kind_case()), ":",
                      fresh.row.params.back().size(), ":", fresh.row.params.back());
    }
    if (query_.by.empty()) {
      fresh.row.config = config;
      key = absl::StrCat(config);
    }
    auto found = by_key_.find(key);
    if (found == by_key_.end()) {
      if (!may_begin) return nullptr;
      groups_.push_back(std::make_unique<Group>(std::move(fresh)));
      found = by_key_.emplace(key, groups_.back().get()).first;
    }
    ++found->second->configs;
    return found->second;
  }

  const ResultQuery& query_;
  const std::vector<FieldCondition> conditions_;
  const std::vector<std::string> columns_;
  const ConfigParams& params_of_;
  std::map<uint64_t, Group*> of_config_;
  std::map<std::string, Group*> by_key_;
  std::vector<std::unique_ptr<Group>> groups_;
};

// REQUIRES: `groups` are in config order.
void MarkBest(bool maximize, const std::vector<std::unique_ptr<Group>>& groups) {
  ResultRow* best = nullptr;
  for (const auto& group : groups) {
    ResultRow& row = group->row;
    if (!row.complete) continue;
    if (best == nullptr ||
        (maximize ? *row.objective.mean > *best->objective.mean : *row.objective.mean < *best->objective.mean)) {
      best = &row;
    }
  }
  if (best != nullptr) best->best = true;
}

std::vector<ResultRow> Sorted(const SortOrder& order, const std::vector<std::unique_ptr<Group>>& groups) {
  std::vector<std::pair<SortKey, ResultRow*>> keyed;
  for (const auto& group : groups) keyed.emplace_back(order.KeyOf(*group), &group->row);
  std::stable_sort(keyed.begin(), keyed.end(),
                   [&](const auto& a, const auto& b) { return ComesBefore(a.first, b.first, order.descending); });
  std::vector<ResultRow> rows;
  rows.reserve(keyed.size());
  for (const auto& [key, row] : keyed) rows.push_back(std::move(*row));
  return rows;
}

}  // namespace

absl::StatusOr<ResultTable> SlowResults(const ResultQuery& query, std::span<const TrialValue> trials,
                                        const ConfigParams& params_of) {
  ResultTable table;
  for (size_t i = 0; i < query.by.size(); ++i) {
    absl::StatusOr<std::string> path = FindParam(query.by[i], query.param_paths);
    if (!path.ok()) return Violates(absl::StrCat("by[", i, "]"), path.status());
    if (std::find(table.param_paths.begin(), table.param_paths.end(), *path) == table.param_paths.end()) {
      table.param_paths.push_back(*std::move(path));
    }
  }
  if (query.by.empty()) table.param_paths = query.param_paths;
  std::vector<FieldCondition> conditions;
  for (size_t i = 0; i < query.where.size(); ++i) {
    absl::StatusOr<FieldCondition> condition = ParseCondition(query.where[i], query.param_paths);
    if (!condition.ok()) return Violates(absl::StrCat("where[", i, "]"), condition.status());
    conditions.push_back(*std::move(condition));
  }
  absl::StatusOr<SortOrder> order = ParseSort(query, table.param_paths, trials);
  if (!order.ok()) return order.status();

  // In config order, so that groups are in the order of their first config.
  std::vector<const TrialValue*> sorted;
  for (const TrialValue& trial : trials) sorted.push_back(&trial);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->config < b->config; });

  Grouping grouping(query, std::move(conditions), table.param_paths, params_of);
  for (const TrialValue* trial : sorted) {
    if (Group* group = grouping.Find(trial->config)) group->Add(*trial);
  }
  const bool all_configs_known = query.by.empty() || grouping.CountUnseen();
  const std::vector<std::unique_ptr<Group>> groups = grouping.Take();
  for (const auto& group : groups) group->Finish(query, all_configs_known);
  MarkBest(query.maximize, groups);
  std::vector<ResultRow> rows = Sorted(*order, groups);
  table.total_rows = rows.size();
  for (uint64_t i = query.first_row; i < rows.size() && table.rows.size() < query.max_rows; ++i) {
    table.rows.push_back(std::move(rows[i]));
  }
  return table;
}

}  // namespace basin::server::statistics
