#include "client/claims/pictures.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "client/format/dot_chart.h"
#include "client/format/human.h"
#include "client/format/surface_chart.h"

namespace basin::client::claims {
namespace {

std::vector<std::string> Dots(const Picture& picture, const SweepResults& results) {
  format::DotChart chart{.title = picture.title,
                         .x_label = picture.metric + ", mean over the seeds with its 95% interval",
                         .logarithmic_x = picture.logarithmic};
  for (const Group& group : GroupsOf(results, picture.of, picture.by)) {
    const contract::Aggregate values = contract::Summarize(results.Values(group.best, picture.metric));
    std::string note = group.among.empty() ? "" : "best with " + group.among;
    if (values.n < results.seeds()) {
      absl::StrAppend(&note, note.empty() ? "" : "; ", results.seeds() - values.n, " of ",
                      format::Count(results.seeds(), "seed"), " without a value");
    }
    if (!values.mean || (picture.logarithmic && !(*values.mean > 0))) continue;
    chart.dots.push_back(
        {.name = group.name, .note = note, .value = *values.mean, .low = values.ci_low, .high = values.ci_high});
  }
  if (chart.dots.empty()) return {};
  return {SvgOf(chart)};
}

std::vector<std::string> Scatter(const Picture& picture, const SweepResults& results) {
  format::ScatterChart chart{.title = picture.title,
                             .x_label = picture.metric,
                             .y_label = picture.against_metric,
                             .logarithmic_x = picture.logarithmic};
  for (const Group& group : GroupsOf(results, picture.of, picture.by)) {
    format::ScatterGroup& drawn = chart.groups.emplace_back(format::ScatterGroup{.name = group.name, .points = {}});
    for (const uint64_t config : group.configs) {
      const std::vector<double> xs = results.Values(config, picture.metric);
      const std::vector<double> ys = results.Values(config, picture.against_metric);
      for (size_t i = 0; i < xs.size(); ++i) {
        const bool shown = std::isfinite(xs[i]) && std::isfinite(ys[i]) && (xs[i] > 0 || !picture.logarithmic);
        if (shown) drawn.points.push_back({xs[i], ys[i]});
      }
    }
  }
  if (std::all_of(chart.groups.begin(), chart.groups.end(), [](const auto& group) { return group.points.empty(); })) {
    return {};
  }
  return {SvgOf(chart)};
}

// The loss over a grid of the group's configs, with the first seed.
std::vector<format::SurfaceChart> PlanesOf(const Picture& picture, const SweepResults& results) {
  std::vector<format::SurfaceChart> charts;
  for (const Group& group : GroupsOf(results, picture.of, picture.by)) {
    std::map<std::pair<double, double>, double> places;  // By beta, then alpha.
    std::map<double, bool> alphas, betas;
    for (const uint64_t config : group.configs) {
      const v1::LossPlane plane = results.sweep().space->Resolve(config).analyze().loss_plane();
      places[{plane.beta(), plane.alpha()}] = results.Value(config, 0, picture.metric);
      alphas[plane.alpha()] = betas[plane.beta()] = true;
    }
    if (alphas.size() < 2 || betas.size() < 2 || places.size() != alphas.size() * betas.size()) continue;
    format::SurfaceChart& chart = charts.emplace_back(format::SurfaceChart{.title = group.name,
                                                                           .x_label = "alpha",
                                                                           .y_label = "beta",
                                                                           .z_label = picture.metric,
                                                                           .logarithmic_z = picture.logarithmic,
                                                                           .marks = {{0, 0, "trained weights"}}});
    for (const auto& [alpha, unused] : alphas) chart.xs.push_back(alpha);
    for (const auto& [beta, unused] : betas) chart.ys.push_back(beta);
    for (const auto& [place, value] : places) chart.zs.push_back(value);
  }
  return charts;
}

std::vector<std::string> Planes(const Picture& picture, const SweepResults& results) {
  std::vector<format::SurfaceChart> charts = PlanesOf(picture, results);
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (const format::SurfaceChart& chart : charts) {
    for (const double z : chart.zs) {
      if (!std::isfinite(z) || (picture.logarithmic && !(z > 0))) continue;
      least = std::min(least, z), greatest = std::max(greatest, z);
    }
  }
  if (least > greatest) return {};
  std::vector<std::string> drawings;
  for (format::SurfaceChart& chart : charts) {
    chart.least_z = least, chart.greatest_z = greatest;
    drawings.push_back(SvgOf(chart));
  }
  return drawings;
}

}  // namespace

std::vector<std::string> Draw(const Picture& picture, const SweepResults& results) {
  switch (picture.kind) {
    case Picture::Kind::kDots:
      return Dots(picture, results);
    case Picture::Kind::kScatter:
      return Scatter(picture, results);
    case Picture::Kind::kPlanes:
      return Planes(picture, results);
    case Picture::Kind::kCurves:
      break;
  }
  return {};
}

}  // namespace basin::client::claims
