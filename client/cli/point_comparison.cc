#include "client/cli/point_comparison.h"

#include <bit>
#include <cmath>

#include "proto/contract/metric_names.h"

namespace basin::client::cli {
namespace {

using NextPoint = absl::StatusOr<std::optional<v1::MetricPoint>>;

NextPoint Next(api::Pager<v1::TrialPoint>* points) {
  while (true) {
    absl::StatusOr<std::optional<v1::TrialPoint>> next = points->Next();
    if (!next.ok()) return next.status();
    if (!next->has_value()) return std::optional<v1::MetricPoint>();
    if (!contract::IsTime((*next)->point().name())) return std::optional(std::move(*(*next)->mutable_point()));
  }
}

bool SameBits(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

bool SamePlace(const v1::MetricPoint& a, const v1::MetricPoint& b) {
  return a.name() == b.name() && a.step() == b.step();
}

bool Same(const v1::MetricPoint& a, const v1::MetricPoint& b) {
  return SamePlace(a, b) && SameBits(a.value(), b.value()) && SameBits(a.epoch(), b.epoch()) &&
         a.examples() == b.examples();
}

}  // namespace

absl::StatusOr<PointComparison> ComparePoints(api::Pager<v1::TrialPoint> first, api::Pager<v1::TrialPoint> again) {
  PointComparison comparison;
  while (true) {
    NextPoint a = Next(&first);
    if (!a.ok()) return a.status();
    NextPoint b = Next(&again);
    if (!b.ok()) return b.status();
    if (!a->has_value() && !b->has_value()) return comparison;
    const std::string name = a->has_value() ? (*a)->name() : (*b)->name();
    const bool together = a->has_value() && b->has_value() && SamePlace(**a, **b);
    MetricComparison& metric = comparison.metrics[name];
    if (together) ++metric.points;
    if (together && Same(**a, **b)) continue;
    if (comparison.first_different.empty()) comparison.first_different = name;
    if (!metric.difference) {
      // Another point in its place is no counterpart.
      if (a->has_value() && !together) b->reset();
      metric.difference = PointDifference{*std::move(a), *std::move(b)};
    }
    if (!together) return comparison;
  }
}

}  // namespace basin::client::cli
