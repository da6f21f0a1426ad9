#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "basin/v1/trial.pb.h"
#include "client/format/axis_scale.h"
#include "client/format/line_chart.h"
#include "proto/contract/aggregate.h"

namespace basin::client::cli {

// One metric over the training of one config: at each evaluation what its trials measured, a seed each.
class LearningCurve {
 public:
  // A trial's points come one after another, in the order in which it reported them. One whose step is not above that
  // before it is left out: with early stopping a trial's last points repeat those of its best evaluation.
  void Add(uint64_t trial, const v1::MetricPoint& point);

  struct Point {
    uint64_t step = 0;
    double epoch = 0;
    contract::Aggregate over_seeds;  // Of the trials that got there; a value that is not finite is left out.
  };
  // By ascending step.
  std::vector<Point> Points() const;

 private:
  struct Evaluation {
    double epoch = 0;
    std::vector<double> values;
  };
  std::map<uint64_t, Evaluation> evaluations_;  // By step.
  std::optional<uint64_t> trial_;               // Whose points come, and the step of the last one.
  uint64_t step_ = 0;
};

// The means over as many seeds as any of them, with their intervals, over the epochs: at most about `most` points. So a
// line ends where the first seed was stopped: what comes after is the mean over other seeds, which were not, and would
// show as a jump what is a choice.
std::vector<format::ChartPoint> ChartPoints(const std::vector<LearningCurve::Point>& points, size_t most);

// A column each of `count` equal parts of 0 .. `end`: the last y in it, or before it. NaN after the last point's, and
// before the first one's.
std::vector<double> Columns(const std::vector<format::ChartPoint>& points, double end, size_t count);

// Whether a metric is shown on a logarithmic scale: a loss that spans more than two decades. What is not finite does
// not count.
bool WantsLogarithms(const std::string& metric, std::span<const double> values);
bool WantsLogarithms(const std::string& metric, const std::vector<format::ChartLine>& lines);

}  // namespace basin::client::cli
