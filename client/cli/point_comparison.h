#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "basin/v1/sweep_service.pb.h"
#include "client/api/pager.h"

namespace basin::client::cli {

// A point that two runs of a trial do not agree in; absent where one has told no such point.
struct PointDifference {
  std::optional<v1::MetricPoint> first, again;
};

struct MetricComparison {
  uint64_t points = 0;                        // Compared.
  std::optional<PointDifference> difference;  // The first of this metric.
};

struct PointComparison {
  std::map<std::string, MetricComparison> metrics;
  std::string first_different;  // The metric of the very first difference; empty: there is none.
};

// Compares what two runs of one trial have told, in the order in which they told it: names, steps, epochs, examples,
// and values bit by bit, where one NaN is like another. Times are left out. Ends at a point that has no counterpart,
// since none after it has one. One page of each is in memory at a time.
absl::StatusOr<PointComparison> ComparePoints(api::Pager<v1::TrialPoint> first, api::Pager<v1::TrialPoint> again);

}  // namespace basin::client::cli
