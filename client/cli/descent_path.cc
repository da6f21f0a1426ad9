#include "client/cli/descent_path.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/loss_surface.h"
#include "client/format/human.h"
#include "proto/contract/surface_shape.h"

namespace basin::client::cli {
namespace {

constexpr size_t kMostDrawn = 1000;  // Points of a path.
constexpr size_t kFewReports = 20;
// Of where the function's descents start: what went further away is not drawn.
constexpr double kFarthest = 3;

struct Report {
  uint64_t step = 0;
  double x1 = 0, x2 = std::numeric_limits<double>::quiet_NaN();  // x2: in one dimension there is none.
  double loss = 0, grad_norm = 0, learning_rate = 0;
};

absl::StatusOr<std::vector<Report>> ReadReports(Context& context, const NamedTrial& trial) {
  static constexpr std::pair<const char*, double Report::*> kFields[] = {{"x1", &Report::x1},
                                                                         {"x2", &Report::x2},
                                                                         {"loss", &Report::loss},
                                                                         {"grad_norm", &Report::grad_norm},
                                                                         {"learning_rate", &Report::learning_rate}};
  std::map<uint64_t, Report> reports;
  const absl::Status read = context.client().Points(trial.sweep, trial.index).ForEach([&](const v1::TrialPoint& at) {
    for (const auto& [name, field] : kFields) {
      if (at.point().name() == name) reports[at.point().step()].*field = at.point().value();
    }
    return true;
  });
  if (!read.ok()) return read;
  if (reports.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("there are no points of ", trial.name(), ": it has not begun, or the server has deleted them ",
                     "(--keep-metrics-days); `basin trials ", trial.sweep, "` tells which, and `basin verify ",
                     trial.name(), "` makes the descent again, as a sweep of its own"));
  }
  std::vector<Report> path;
  for (auto& [step, report] : reports) {
    report.step = step;
    path.push_back(report);
  }
  return path;
}

void Print(Context& context, const std::vector<Report>& path) {
  std::vector<format::Column> columns = {{.name = "step"}, {.name = "x1"}};
  const bool plane = !std::isnan(path.front().x2);
  if (plane) columns.push_back({.name = "x2"});
  for (const char* name : {"loss", "grad_norm", "learning_rate"}) columns.push_back({.name = name});
  const auto rows = context.Rows(std::move(columns));
  for (const Report& report : path) {
    std::vector<format::Cell> cells = {report.step, report.x1};
    if (plane) cells.emplace_back(report.x2);
    for (const double value : {report.loss, report.grad_norm, report.learning_rate}) cells.emplace_back(value);
    rows->Add(cells);
  }
  rows->Finish();
}

// The function's values over where descents start and the path went.
v1::SweepSpec ValuesOver(const v1::SurfaceFunction& function, const std::vector<double>& xs,
                         const std::vector<double>& ys) {
  v1::SweepSpec spec;
  spec.set_name("surface-values");
  spec.mutable_objective()->set_minimize("loss");
  spec.mutable_seeds()->mutable_list()->add_seeds(0);
  v1::SurfaceWorkload& surface = *spec.mutable_base()->mutable_surface();
  *surface.mutable_function() = function;
  surface.set_steps(0);
  surface.set_learning_rate(1);
  for (int axis = 0; axis < 2; ++axis) surface.mutable_start()->mutable_point()->add_coordinates(0);
  AddDomain("surface.start.point.coordinates[0]", xs, &spec);
  AddDomain("surface.start.point.coordinates[1]", ys, &spec);
  return spec;
}

absl::Status Draw(Context& context, const NamedTrial& trial, const std::vector<Report>& path, const std::string& out,
                  uint64_t points) {
  const v1::SurfaceFunction& function = trial.workload.surface().function();
  const uint32_t dimensions = contract::SurfaceDimensions(function);
  if (dimensions != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(trial.name(), " descends in ", format::Count(dimensions, "dimension"),
                     ": only a plane can be drawn; without --out its steps are told, `basin curves ", trial.sweep,
                     " --metric loss` draws the values"));
  }
  const double radius = contract::SurfaceStartRadius(function), farthest = kFarthest * radius;
  const auto places = [&](double Report::*axis) {
    double low = -radius, high = radius;
    for (const Report& report : path) {
      low = std::min(low, std::max(report.*axis, -farthest));
      high = std::max(high, std::min(report.*axis, farthest));
    }
    return EvenPlaces(low, high, points);
  };
  LossSurface surface{.title = absl::StrCat("The descent of ", trial.name()),
                      .x_label = "x1",
                      .y_label = "x2",
                      .x_name = "x1",
                      .y_name = "x2",
                      .scores = {"loss"},
                      .xs = places(&Report::x1),
                      .ys = places(&Report::x2),
                      .metric = "loss"};
  const absl::StatusOr<AnalysisResults> values = RunForAnswer(context, ValuesOver(function, surface.xs, surface.ys));
  if (!values.ok()) return values.status();
  surface.trials = values->trials;
  const size_t stride = out.ends_with(".npz") ? 1 : (path.size() + kMostDrawn - 1) / kMostDrawn;
  for (size_t i = 0; i < path.size(); ++i) {
    if (i % stride != 0 && i + 1 != path.size()) continue;
    surface.path.push_back(
        {path[i].x1, path[i].x2, absl::StrCat("step ", path[i].step, ", loss ", format::HumanReal(path[i].loss))});
  }
  surface.marks = {{path.front().x1, path.front().x2, "start"}, {path.back().x1, path.back().x2, "end"}};
  return WriteLossSurface(surface, out);
}

}  // namespace

absl::Status ShowDescent(Context& context, const NamedTrial& trial, const std::string& out, uint64_t points) {
  const absl::StatusOr<std::vector<Report>> path = ReadReports(context, trial);
  if (!path.ok()) return path.status();
  if (!out.empty()) {
    if (const absl::Status drawn = Draw(context, trial, *path, out, points); !drawn.ok()) return drawn;
  } else {
    Print(context, *path);
    context.out().flush();
  }
  const std::string& message = trial.run.message();
  const std::string drawn = out.empty() ? "" : "; drawn in " + out;
  context.Note(absl::StrCat(trial.name(), message.empty() ? " has not ended" : ": " + message, drawn, "."));
  const uint64_t apart = trial.workload.surface().report_every();
  if (path->size() < kFewReports && apart > 1) {
    context.Note(absl::StrCat("Its ", path->size(), " reports are up to ", apart,
                              " steps apart; with a smaller `surface.report_every` its path shows more."));
  }
  return absl::OkStatus();
}

}  // namespace basin::client::cli
