#include "server/statistics/group_results.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_path.h"
#include "proto/contract/violation.h"
#include "server/statistics/config_groups.h"
#include "server/statistics/field_condition.h"
#include "server/statistics/result_order.h"
#include "server/statistics/seed_means.h"

namespace basin::server::statistics {
namespace {

absl::Status Violates(const std::string& path, const absl::Status& status) {
  return contract::InvalidArgument({{path, std::string(status.message())}});
}

// How a group's trials ended.
struct Ends {
  uint64_t succeeded = 0, diverged = 0, pruned = 0, failed = 0, cancelled = 0;
  uint64_t ended = 0;  // In whichever way.
  uint64_t open = 0;
  uint64_t results = 0;  // SUCCEEDED with a finite objective.

  void Add(TrialEnd end, double objective) {
    if (end == TrialEnd::kUnfinished) {
      ++open;
      return;
    }
    ++ended;
    if (end == TrialEnd::kSucceeded) ++succeeded;
    if (end == TrialEnd::kDiverged) ++diverged;
    if (end == TrialEnd::kPruned) ++pruned;
    if (end == TrialEnd::kFailed) ++failed;
    if (end == TrialEnd::kCancelled) ++cancelled;
    if (end == TrialEnd::kSucceeded && std::isfinite(objective)) ++results;
  }
};

// The positions of seeds in the order of the seeds themselves.
std::vector<uint64_t> PositionsBySeed(const std::vector<uint64_t>& seed_list, uint64_t positions) {
  std::vector<uint64_t> order(positions);
  std::iota(order.begin(), order.end(), 0);
  if (!seed_list.empty()) {
    std::ranges::sort(order, [&](uint64_t a, uint64_t b) { return seed_list[a] < seed_list[b]; });
  }
  return order;
}

// A metric to sort by, of each group.
struct SortMetric {
  std::vector<contract::Aggregate> aggregates;
  std::vector<uint64_t> finite;  // Trials that have a finite value.
};

class Table {
 public:
  Table(const ResultQuery& query, const contract::Space& space, TrialColumns& trials)
      : query_(query), space_(space), trials_(trials) {}

  absl::StatusOr<ResultTable> Make() {
    absl::Status status = ReadQuery();
    if (status.ok()) status = CountEnds();
    if (!status.ok()) return status;
    all_configs_known_ = query_.by.empty() || groups_->CountUnseen(query_.configs);
    const absl::StatusOr<SortMetric> sorted_by = ReadSortMetric();
    if (!sorted_by.ok()) return sorted_by.status();
    table_.total_rows = ends_.size();
    const std::vector<uint32_t> wanted = Sorted(*sorted_by);
    const std::optional<uint32_t> best = Best();
    for (const uint32_t group : wanted) table_.rows.push_back(MakeRow(group, group == best));
    status = AddMetrics(wanted);
    if (!status.ok()) return status;
    return std::move(table_);
  }

 private:
  absl::Status ReadQuery();
  absl::Status CountEnds();
  // Empty unless rows are sorted by a metric.
  absl::StatusOr<SortMetric> ReadSortMetric();
  std::vector<uint32_t> Sorted(const SortMetric& sorted_by) const;
  std::optional<uint32_t> Best() const;
  ResultRow MakeRow(uint32_t group, bool best) const;
  // To the rows, which are those of the groups `wanted`.
  absl::Status AddMetrics(const std::vector<uint32_t>& wanted);

  // Each trial's value of the metric, into the row that `row_of` gives its config; kLeftOut: none.
  template <typename RowOf>
  absl::Status ReadMetric(const std::string& name, RowOf row_of, SeedMeans* means);
  uint64_t TrialsOf(uint32_t group) const { return groups_->groups()[group].configs * query_.seeds; }
  // How many of a group's trials are not among these.
  uint64_t MissingBeside(uint64_t there, uint32_t group) const {
    return all_configs_known_ ? TrialsOf(group) - std::min(TrialsOf(group), there) : 1;
  }
  bool IsComplete(uint32_t group) const {
    return MissingBeside(ends_[group].results, group) == 0 && objectives_[group].mean.has_value();
  }

  const ResultQuery& query_;
  const contract::Space& space_;
  TrialColumns& trials_;
  ResultTable table_;
  ResultOrder order_;
  std::optional<ConfigGroups> groups_;
  std::vector<uint64_t> positions_;  // Of seeds of which there are trials, in the order of the seeds.
  bool all_configs_known_ = false;
  std::vector<Ends> ends_;  // Of each group, as the following.
  std::vector<contract::Aggregate> objectives_;
};

absl::Status Table::ReadQuery() {
  for (size_t i = 0; i < query_.by.size(); ++i) {
    absl::StatusOr<std::string> path = FindParam(query_.by[i], query_.param_paths);
    if (!path.ok()) return Violates(absl::StrCat("by[", i, "]"), path.status());
    if (std::ranges::find(table_.param_paths, *path) == table_.param_paths.end()) {
      table_.param_paths.push_back(*std::move(path));
    }
  }
  if (query_.by.empty()) table_.param_paths = query_.param_paths;
  std::vector<FieldCondition> conditions;
  for (size_t i = 0; i < query_.where.size(); ++i) {
    absl::StatusOr<FieldCondition> condition = ParseCondition(query_.where[i], query_.param_paths);
    if (!condition.ok()) return Violates(absl::StrCat("where[", i, "]"), condition.status());
    conditions.push_back(*std::move(condition));
  }
  std::vector<std::string> metric_names = query_.metric_names;
  for (std::string& name : trials_.MetricNames()) metric_names.push_back(std::move(name));
  absl::StatusOr<ResultOrder> order = ParseOrder(query_.sort, query_.maximize, table_.param_paths, metric_names,
                                                 /*shown_metrics=*/query_.metric_names);
  if (!order.ok()) return order.status();
  order_ = *std::move(order);
  groups_.emplace(space_, std::move(conditions), query_.by.empty() ? std::nullopt : std::optional(table_.param_paths));
  const uint64_t positions = (trials_.end() + query_.configs - 1) / std::max<uint64_t>(1, query_.configs);
  positions_ = PositionsBySeed(query_.seed_list, positions);
  return absl::OkStatus();
}

absl::Status Table::CountEnds() {
  SeedMeans means(positions_);
  const auto add = [&](uint64_t first, std::span<const TrialEnd> ends, std::span<const double> objectives) {
    TrialPlace place(first, query_.configs);
    for (size_t i = 0; i < ends.size(); ++i, place.Next()) {
      if (ends[i] == TrialEnd::kNone) continue;
      const uint32_t group = groups_->Find(place.config);
      if (group == ConfigGroups::kLeftOut) continue;
      if (group == ends_.size()) ends_.emplace_back();
      ends_[group].Add(ends[i], objectives[i]);
      means.Grow(ends_.size());
      if (ends[i] == TrialEnd::kSucceeded) means.Add(group, place.position, objectives[i]);
    }
  };
  const absl::Status status = trials_.ReadEnds(add);
  objectives_ = means.Aggregates();
  return status;
}

template <typename RowOf>
absl::Status Table::ReadMetric(const std::string& name, RowOf row_of, SeedMeans* means) {
  return trials_.ReadMetric(name, [&](uint64_t first, std::span<const double> values) {
    TrialPlace place(first, query_.configs);
    for (const double value : values) {
      if (HasValue(value)) {
        const uint32_t row = row_of(place.config);
        if (row != ConfigGroups::kLeftOut) means->Add(row, place.position, value);
      }
      place.Next();
    }
  });
}

absl::StatusOr<SortMetric> Table::ReadSortMetric() {
  if (order_.by != ResultOrder::By::kMetric) return SortMetric();
  SeedMeans means(positions_);
  means.Grow(ends_.size());
  const absl::Status status = ReadMetric(
      order_.metric, [&](uint64_t config) { return groups_->Find(config); }, &means);
  if (!status.ok()) return status;
  SortMetric metric{.aggregates = means.Aggregates(), .finite = {}};
  for (uint32_t group = 0; group < ends_.size(); ++group) metric.finite.push_back(means.FiniteOf(group));
  return metric;
}

std::vector<uint32_t> Table::Sorted(const SortMetric& sorted_by) const {
  std::vector<SortKey> keys(ends_.size());
  std::optional<DigitTable<std::optional<v1::Value>>> values;
  if (order_.by == ResultOrder::By::kParam) values.emplace(space_.DigitOf(table_.param_paths[order_.param]));
  for (uint32_t group = 0; group < keys.size(); ++group) {
    SortKey& key = keys[group];
    key.group = group;
    key.config = groups_->groups()[group].first_config;
    key.missing = MissingBeside(ends_[group].results, group);
    switch (order_.by) {
      case ResultOrder::By::kMean:
        key.number = objectives_[group].mean;
        break;
      case ResultOrder::By::kStd:
        key.number = objectives_[group].std;
        break;
      case ResultOrder::By::kMetric:
        key.missing = MissingBeside(sorted_by.finite[group], group);
        key.number = sorted_by.aggregates[group].mean;
        break;
      case ResultOrder::By::kCount:
        key.missing = 0;
        key.number = static_cast<double>(objectives_[group].n);
        break;
      case ResultOrder::By::kParam:
        key.missing = 0;
        key.SetValue(values->Of(
            key.config, [&](uint64_t example) { return ValueAt(space_, example, table_.param_paths[order_.param]); }));
        break;
    }
  }
  const uint64_t begin = std::min<uint64_t>(query_.first_row, keys.size());
  const uint64_t end = begin + std::min<uint64_t>(query_.max_rows, keys.size() - begin);
  std::ranges::partial_sort(keys, keys.begin() + static_cast<ptrdiff_t>(end),
                            [&](const SortKey& a, const SortKey& b) { return ComesBefore(a, b, order_.descending); });
  std::vector<uint32_t> groups;
  for (uint64_t i = begin; i < end; ++i) groups.push_back(keys[i].group);
  return groups;
}

std::optional<uint32_t> Table::Best() const {
  std::optional<uint32_t> best;
  for (uint32_t group = 0; group < ends_.size(); ++group) {
    if (!IsComplete(group)) continue;
    const double mean = *objectives_[group].mean;
    const double of_best = best ? *objectives_[*best].mean : mean;
    const bool earlier = best && groups_->groups()[group].first_config < groups_->groups()[*best].first_config;
    if (!best || (query_.maximize ? mean > of_best : mean < of_best) || (mean == of_best && earlier)) best = group;
  }
  return best;
}

ResultRow Table::MakeRow(uint32_t group, bool best) const {
  const Ends& ends = ends_[group];
  const ConfigGroups::Group& configs = groups_->groups()[group];
  ResultRow row;
  if (query_.by.empty()) row.config = configs.first_config;
  const std::vector<v1::Param> params = space_.Params(configs.first_config);
  for (const std::string& path : table_.param_paths) {
    const auto param = std::ranges::find_if(params, [&](const v1::Param& p) { return p.path() == path; });
    row.params.push_back(param == params.end() ? "" : contract::FormatValue(param->value()));
  }
  row.objective = objectives_[group];
  row.succeeded = ends.succeeded;
  row.diverged = ends.diverged;
  row.pruned = ends.pruned;
  row.failed = ends.failed;
  const uint64_t trials = TrialsOf(group), seen = std::min(trials, ends.ended + ends.open);
  row.cancelled = ends.cancelled + (query_.live ? 0 : trials - seen);
  row.unfinished = ends.open + (query_.live ? trials - seen : 0);
  row.complete = IsComplete(group);
  row.best = best;
  return row;
}

absl::Status Table::AddMetrics(const std::vector<uint32_t>& wanted) {
  std::vector<uint32_t> row_of_group(ends_.size(), ConfigGroups::kLeftOut);
  for (uint32_t row = 0; row < wanted.size(); ++row) row_of_group[wanted[row]] = row;
  const auto row_of = [&](uint64_t config) {
    const uint32_t group = groups_->Find(config);
    return group == ConfigGroups::kLeftOut ? group : row_of_group[group];
  };
  for (const std::string& name : trials_.MetricNames()) {
    SeedMeans means(positions_);
    means.Grow(wanted.size());
    const absl::Status status = ReadMetric(name, row_of, &means);
    if (!status.ok()) return status;
    const std::vector<contract::Aggregate> aggregates = means.Aggregates();
    for (uint32_t row = 0; row < wanted.size(); ++row) {
      if (means.AddedTo(row)) table_.rows[row].metrics[name] = aggregates[row];
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResultTable> GroupResults(const ResultQuery& query, const contract::Space& space, TrialColumns& trials) {
  return Table(query, space, trials).Make();
}

}  // namespace basin::server::statistics
