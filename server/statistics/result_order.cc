#include "server/statistics/result_order.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/contract/field_path.h"
#include "proto/contract/violation.h"
#include "server/statistics/field_condition.h"

namespace basin::server::statistics {

absl::StatusOr<ResultOrder> ParseOrder(const std::string& sort, bool maximize, const std::vector<std::string>& columns,
                                       const std::vector<std::string>& metrics,
                                       const std::vector<std::string>& shown_metrics) {
  ResultOrder order;
  if (sort.empty()) {
    order.descending = maximize;
    return order;
  }
  std::string field = sort;
  if (field.front() == '-') {
    order.descending = true;
    field.erase(0, 1);
  }
  if (field == "mean") return order;
  if (field == "std" || field == "n") {
    order.by = field == "n" ? ResultOrder::By::kCount : ResultOrder::By::kStd;
    return order;
  }
  const absl::StatusOr<std::string> param = FindParam(field, columns);
  if (param.ok()) {
    order.by = ResultOrder::By::kParam;
    order.param = static_cast<size_t>(std::ranges::find(columns, *param) - columns.begin());
    return order;
  }
  order.by = ResultOrder::By::kMetric;
  order.metric = field;
  if (std::ranges::find(metrics, field) != metrics.end()) return order;
  return contract::InvalidArgument(
      {{"sort", absl::StrCat("\"", field, "\" is nothing to sort by; there are mean, std, n",
                             columns.empty() ? "" : ", the params ", absl::StrJoin(columns, ", "),
                             shown_metrics.empty() ? "" : ", the metrics ", absl::StrJoin(shown_metrics, ", "))}});
}

void SortKey::SetValue(const std::optional<v1::Value>& value) {
  if (!value) return;
  number = NumberOf(*value);
  if (!number) word = contract::FormatValue(*value);
}

bool ComesBefore(const SortKey& a, const SortKey& b, bool descending) {
  if (a.missing != b.missing) return a.missing < b.missing;
  const auto kind = [](const SortKey& key) { return key.number ? 0 : key.word ? 1 : 2; };
  const int kind_a = kind(a), kind_b = kind(b);
  if (kind_a != kind_b && (kind_a == 2 || kind_b == 2)) return kind_a < kind_b;
  if (kind_a != kind_b) return descending ? kind_a > kind_b : kind_a < kind_b;
  if (kind_a == 0 && *a.number != *b.number) return descending ? *a.number > *b.number : *a.number < *b.number;
  if (kind_a == 1 && *a.word != *b.word) return descending ? *a.word > *b.word : *a.word < *b.word;
  return a.config < b.config;
}

}  // namespace basin::server::statistics
