#include "client/cli/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace basin::client::cli {

void LearningCurve::Add(uint64_t trial, const v1::MetricPoint& point) {
  if (trial_ == trial && point.step() <= step_) return;
  trial_ = trial;
  step_ = point.step();
  Evaluation& evaluation = evaluations_[point.step()];
  evaluation.epoch = point.epoch();
  evaluation.values.push_back(point.value());
}

std::vector<LearningCurve::Point> LearningCurve::Points() const {
  std::vector<Point> points;
  points.reserve(evaluations_.size());
  for (const auto& [step, evaluation] : evaluations_) {
    points.push_back({.step = step, .epoch = evaluation.epoch, .over_seeds = contract::Summarize(evaluation.values)});
  }
  return points;
}

std::vector<format::ChartPoint> ChartPoints(const std::vector<LearningCurve::Point>& points, size_t most) {
  uint64_t seeds = 0;
  for (const LearningCurve::Point& point : points) seeds = std::max(seeds, point.over_seeds.n);
  std::vector<format::ChartPoint> means;
  for (const LearningCurve::Point& point : points) {
    const contract::Aggregate& values = point.over_seeds;
    if (values.mean && values.n == seeds)
      means.push_back({.x = point.epoch, .y = *values.mean, .low = values.ci_low, .high = values.ci_high});
  }
  return format::Thinned(means.size(), most, [&](uint64_t i) { return means[i]; });
}

std::vector<double> Columns(const std::vector<format::ChartPoint>& points, double end, size_t count) {
  std::vector<double> columns(count, std::numeric_limits<double>::quiet_NaN());
  size_t next = 0;
  for (size_t column = 0; column < count && next < points.size(); ++column) {
    // The last column takes what rounding left.
    const double until = column + 1 == count ? std::numeric_limits<double>::infinity()
                                             : end * static_cast<double>(column + 1) / static_cast<double>(count);
    while (next < points.size() && points[next].x <= until * (1 + 1e-12)) ++next;
    if (next > 0) columns[column] = points[next - 1].y;
  }
  return columns;
}

bool WantsLogarithms(const std::string& metric, std::span<const double> values) {
  constexpr double kTwoDecades = 100;
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value);
    most = std::max(most, value);
  }
  return metric.ends_with("loss") && least > 0 && most > kTwoDecades * least;
}

bool WantsLogarithms(const std::string& metric, const std::vector<format::ChartLine>& lines) {
  std::vector<double> values;
  for (const format::ChartLine& line : lines) {
    for (const format::ChartPoint& point : line.points) values.push_back(point.y);
  }
  return WantsLogarithms(metric, values);
}

}  // namespace basin::client::cli
