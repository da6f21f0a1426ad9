#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/loss_scores.h"
#include "client/cli/new_file.h"
#include "client/cli/number_check.h"
#include "client/cli/trained_trial.h"
#include "client/format/line_chart.h"
#include "client/format/npz.h"
#include "proto/contract/metric_names.h"

namespace basin::client::cli {
namespace {

using format::Cell;

struct Options {
  std::string trial;
  uint32_t top = 5, lowest = 1, iterations = 200, trace_probes = 0;
  double tolerance = 1e-4;
  uint64_t seed = 0, examples = 0;
  std::string out;
};

// What measures the one before it by how much it may be wrong.
constexpr const char* kErrors[] = {"_residual", "_stderr"};

// How the eigenvalues are distributed, by stochastic Lanczos quadrature, into the file that the options name.
absl::Status DrawDensity(Context& context, const TrainedTrial& of, const Options& options) {
  v1::SweepSpec spec = AnalysisSpec("spectrum", of, "eigenvalue_max", options.seed, options.examples);
  spec.mutable_base()->mutable_analyze()->mutable_spectral_density();
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, of);
  if (!results.ok()) return results.status();
  std::map<uint64_t, std::pair<double, double>> places;  // Eigenvalue and density, by number.
  const absl::Status read = context.client().Points(results->sweep.id(), 0).ForEach([&](const v1::TrialPoint& at) {
    const v1::MetricPoint& point = at.point();
    if (point.name() == "eigenvalue") places[point.step()].first = point.value();
    if (point.name() == "density") places[point.step()].second = point.value();
    return true;
  });
  if (!read.ok()) return read;
  std::vector<double> eigenvalues, densities;
  for (const auto& [number, place] : places) {
    eigenvalues.push_back(place.first);
    densities.push_back(place.second);
  }
  if (eigenvalues.empty()) return PointsAreGone(results->sweep.id());

  NewFile file(options.out);
  if (!file.status().ok()) return file.status();
  if (options.out.ends_with(".npz")) {
    file.stream() << format::NpzOf(
        {{"eigenvalue", {eigenvalues.size()}, eigenvalues}, {"density", {densities.size()}, densities}});
    return file.Finish();
  }
  // What a probe has not met is as good as zero, which has no logarithm.
  constexpr double kLeastShare = 1e-9;
  const double least = kLeastShare * *std::max_element(densities.begin(), densities.end());
  format::LineChart chart{.title = "Eigenvalues of the Hessian of the training loss at " + of.name(),
                          .x_label = "eigenvalue",
                          .y_label = "density",
                          .logarithmic_y = true};
  format::ChartLine& line = chart.lines.emplace_back();
  line.name = "density, by stochastic Lanczos quadrature";
  for (size_t i = 0; i < densities.size(); ++i) line.points.push_back({eigenvalues[i], std::max(densities[i], least)});
  file.stream() << (options.out.ends_with(".svg") ? format::SvgOf(chart) : format::HtmlOf(chart));
  return file.Finish();
}

absl::StatusOr<int> Curvature(Context& context, const Options& options) {
  if (const absl::Status path = CheckPicturePath(context, options.out); !path.ok()) return path;
  const absl::StatusOr<TrainedTrial> of = FindTrainedTrial(context, options.trial);
  if (!of.ok()) return of.status();
  v1::SweepSpec spec = AnalysisSpec("curvature", *of, "hessian_top_1", options.seed, options.examples);
  v1::Curvature& curvature = *spec.mutable_base()->mutable_analyze()->mutable_curvature();
  curvature.set_top(options.top);
  curvature.set_lowest(options.lowest);
  curvature.set_iterations(options.iterations);
  curvature.set_tolerance(options.tolerance);
  curvature.set_trace_probes(options.trace_probes);
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, *of);
  if (!results.ok()) return results.status();

  const v1::Trial& trial = results->trials.front();
  const auto cell = [&](const std::string& metric) {
    const auto found = trial.metrics().find(metric);
    if (found == trial.metrics().end()) return Cell();
    // Counts, and 1 or 0 for yes or no.
    const double value = found->second;
    const bool whole = value >= 0 && value < 1e15 && value == std::floor(value);
    return whole ? Cell(static_cast<uint64_t>(value)) : Cell(value);
  };
  const auto rows = context.Rows({{.name = "metric"}, {.name = "value"}, {.name = "error"}});
  for (const std::string& metric : contract::MetricNames(spec.base())) {
    Cell error;
    bool is_error = false;
    for (const char* suffix : kErrors) {
      is_error = is_error || metric.ends_with(suffix);
      if (const Cell own = cell(metric + suffix); own.index() != 0) error = own;
    }
    if (!is_error) rows->Add({metric, cell(metric), error});
  }
  rows->Finish();
  context.out().flush();
  if (!options.out.empty()) {
    if (const absl::Status drawn = DrawDensity(context, *of, options); !drawn.ok()) return drawn;
  }
  context.Note(absl::StrCat(of->name(), ": ", trial.message(), ". Kept as sweep ", results->sweep.id(),
                            options.out.empty() ? "" : "; all eigenvalues are drawn in " + options.out, "."));
  return api::kOk;
}

}  // namespace

Command CurvatureCommand() {
  return {
      .name = "curvature",
      .group = "Look at minima",
      .summary = "Hessian eigenvalues where a trial's training ended, and whether that is a minimum or a saddle",
      .example =
          "basin curvature k3f9/4\n"
          "basin curvature k3f9/4 --top 10 --lowest 5 --trace-probes 100\n"
          "basin curvature k3f9/4 --out spectrum.svg\n"
          "basin curvature k3f9/4 --format json | jq '.[] | select(.metric == \"hessian_top_1\") | .value'",
      .define = [](CLI::App& app) -> Action {
        auto options = std::make_shared<Options>();
        app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX")->required();
        app.add_option("--top", options->top, "The N greatest eigenvalues; the default is 5")
            ->option_text("N")
            ->check(WholeNumber(1, 100));
        app.add_option("--lowest", options->lowest, "The N least ones; the default is 1")
            ->option_text("N")
            ->check(WholeNumber(1, 100));
        app.add_option("--iterations", options->iterations, "Hessian products for them, at most; the default is 200")
            ->option_text("N")
            ->check(WholeNumber(1, 2000));
        app.add_option("--tolerance", options->tolerance,
                       "Residual of one that has converged, relative to the greatest; the default is 1e-4")
            ->option_text("X")
            ->check(RealNumber(1e-6, 0.1));
        app.add_option("--trace-probes", options->trace_probes,
                       "Estimate the trace by N random vectors; the default is 0: not")
            ->option_text("N")
            ->check(WholeNumber(0, 10000));
        app.add_option("--examples", options->examples, "Measure over a sample of N training examples; without, all")
            ->option_text("N")
            ->check(WholeNumber(1, kMostExamples));
        app.add_option("--seed", options->seed, "Of the random vectors; the default is 0")
            ->option_text("N")
            ->check(WholeNumber(0));
        app.add_option("--out", options->out,
                       "Draw how all eigenvalues are distributed (.html, .svg), or write that as arrays (.npz)")
            ->option_text("FILE");
        return [options](Context& context) { return Curvature(context, *options); };
      }};
}

}  // namespace basin::client::cli
