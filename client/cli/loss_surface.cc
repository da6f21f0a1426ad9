#include "client/cli/loss_surface.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "client/cli/learning_curve.h"
#include "client/cli/loss_scores.h"
#include "client/cli/new_file.h"
#include "client/format/npz.h"
#include "client/format/text_surface.h"

namespace basin::client::cli {
namespace {

constexpr size_t kMostTextRows = 31;

// A metric by rows of ascending y.
std::vector<double> ByRows(const LossSurface& surface, const std::string& metric) {
  const std::vector<double> by_column = MetricOf(surface.trials, metric);
  const size_t rows = surface.ys.size(), columns = surface.xs.size();
  std::vector<double> values(by_column.size());
  for (size_t i = 0; i < by_column.size(); ++i) values[i % rows * columns + i / rows] = by_column[i];
  return values;
}

// How values become heights.
struct HeightScale {
  bool logarithmic = false;
  std::optional<double> floor;  // Of the logarithms.
};

// A function that is 0 at its minimum has logarithms above its least positive value, six decades of them at most.
HeightScale HeightScaleOf(const std::string& metric, std::vector<double> values) {
  constexpr double kMostDecades = 1e6, kAsGoodAsZero = 1e9;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double least = kInfinity, least_positive = kInfinity, most = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    least = std::min(least, value), most = std::max(most, value);
    if (value > 0) least_positive = std::min(least_positive, value);
  }
  HeightScale scale;
  if (least >= 0 && least * kAsGoodAsZero < most) {
    scale.floor = std::max(least_positive, most / kMostDecades);
    for (double& value : values) value = std::max(value, *scale.floor);
  }
  scale.logarithmic = WantsLogarithms(metric, values);
  return scale;
}

void Plot(const LossSurface& surface, std::ostream& out) {
  std::vector<double> values = ByRows(surface, surface.metric);
  const auto [logarithmic, floor] = HeightScaleOf(surface.metric, values);
  if (logarithmic && floor) {
    for (double& value : values) value = std::max(value, *floor);
  }
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  out << surface.title << "\n"
      << surface.metric << (logarithmic ? ", logarithmic scale" : "") << " over " << surface.x_label
      << " (to the right) and " << surface.y_label << " (upwards); o: the trained weights\n";
  if (low > high) {
    out << surface.metric << " is nowhere finite\n";
    return;
  }
  out << format::TextSurface(surface.xs, surface.ys, values, format::AxisScale::Around(low, high, logarithmic),
                             kMostTextRows);
}

std::vector<format::NpzArray> ArraysOf(const LossSurface& surface) {
  std::vector<format::NpzArray> arrays = {{surface.x_name, {surface.xs.size()}, surface.xs},
                                          {surface.y_name, {surface.ys.size()}, surface.ys}};
  for (const std::string& score : surface.scores) {
    arrays.push_back({score, {surface.ys.size(), surface.xs.size()}, ByRows(surface, score)});
  }
  if (surface.path.empty()) return arrays;
  std::vector<double> xs, ys;
  for (const format::SurfacePoint& point : surface.path) {
    xs.push_back(point.x);
    ys.push_back(point.y);
  }
  arrays.push_back({"path_" + surface.x_name, {xs.size()}, xs});
  arrays.push_back({"path_" + surface.y_name, {ys.size()}, ys});
  return arrays;
}

}  // namespace

std::vector<double> EvenPlaces(double low, double high, uint64_t count) {
  std::vector<double> places;
  for (uint64_t i = 0; i < count; ++i) {
    places.push_back(low + (high - low) * static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return places;
}

void AddDomain(const std::string& path, const std::vector<double>& values, v1::SweepSpec* spec) {
  v1::Domain& domain = *spec->add_domains();
  domain.set_path(path);
  for (const double value : values) domain.mutable_values()->add_values()->set_double_value(value);
}

void AddPlaneDomains(const std::vector<double>& xs, const std::vector<double>& ys, v1::SweepSpec* spec) {
  AddDomain("analyze.loss_plane.alpha", xs, spec);
  if (!ys.empty()) AddDomain("analyze.loss_plane.beta", ys, spec);
}

void PrintLossSurface(Context& context, const LossSurface& surface) {
  if (context.format() == "plot") return Plot(surface, context.out());
  std::vector<format::Column> columns = {{.name = surface.x_name}, {.name = surface.y_name}};
  for (const std::string& score : surface.scores) columns.push_back({.name = score});
  const auto rows = context.Rows(std::move(columns));
  const size_t n = surface.ys.size();
  for (size_t i = 0; i < surface.trials.size(); ++i) {
    std::vector<format::Cell> cells = {surface.xs[i / n], surface.ys[i % n]};
    for (const std::string& score : surface.scores) cells.push_back(MetricOf({surface.trials[i]}, score).front());
    rows->Add(cells);
  }
  rows->Finish();
}

absl::Status WriteLossSurface(const LossSurface& surface, const std::string& path) {
  NewFile file(path);
  if (!file.status().ok()) return file.status();
  if (path.ends_with(".npz")) {
    file.stream() << format::NpzOf(ArraysOf(surface));
    return file.Finish();
  }
  const std::vector<double> values = ByRows(surface, surface.metric);
  const HeightScale scale = HeightScaleOf(surface.metric, values);
  const format::SurfaceChart chart{.title = surface.title,
                                   .x_label = surface.x_label,
                                   .y_label = surface.y_label,
                                   .z_label = surface.metric,
                                   .xs = surface.xs,
                                   .ys = surface.ys,
                                   .zs = values,
                                   .logarithmic_z = scale.logarithmic,
                                   .floor_z = scale.floor,
                                   .path = surface.path,
                                   .marks = surface.marks};
  file.stream() << (path.ends_with(".svg") ? format::SvgOf(chart) : format::HtmlOf(chart));
  return file.Finish();
}

}  // namespace basin::client::cli
