#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"

namespace basin::server::statistics {

// What result rows are sorted by.
struct ResultOrder {
  enum class By { kMean, kStd, kCount, kParam, kMetric } by = By::kMean;
  bool descending = false;
  std::string metric;  // Of kMetric.
  size_t param = 0;    // Of kParam: its place among the columns.
};

// `sort` as in v1.ListResultsRequest; empty: the mean, the best first. INVALID_ARGUMENT at `sort` names the candidates,
// of metrics `shown_metrics`.
absl::StatusOr<ResultOrder> ParseOrder(const std::string& sort, bool maximize, const std::vector<std::string>& columns,
                                       const std::vector<std::string>& metrics,
                                       const std::vector<std::string>& shown_metrics);

// One row's place: a number, a word, or neither.
struct SortKey {
  uint32_t group = 0;
  uint64_t missing = 0;  // Results: the more of them, the later, whatever the direction.
  std::optional<double> number;
  std::optional<std::string> word;
  uint64_t config = 0;  // Its first one: of equal rows the first in config order comes first.

  void SetValue(const std::optional<v1::Value>& value);
};

bool ComesBefore(const SortKey& a, const SortKey& b, bool descending);

}  // namespace basin::server::statistics
