#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/trained_trial.h"
#include "proto/contract/metric_names.h"

namespace basin::client::cli {
namespace {

using format::Cell;

struct Options {
  std::string trial;
  uint32_t top = 5, lowest = 1, iterations = 200, trace_probes = 0;
  double tolerance = 1e-4;
  uint64_t seed = 0, examples = 0;
};

// What measures the one before it by how much it may be wrong.
constexpr const char* kErrors[] = {"_residual", "_stderr"};

absl::StatusOr<int> Curvature(Context& context, const Options& options) {
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
  context.Note(absl::StrCat(of->name(), ": ", trial.message(), ". Kept as sweep ", results->sweep.id(), "."));
  return api::kOk;
}

}  // namespace

Command CurvatureCommand() {
  return {.name = "curvature",
          .group = "Look at minima",
          .summary = "Hessian eigenvalues where a trial's training ended, and whether that is a minimum or a saddle",
          .example =
              "basin curvature k3f9/4\n"
              "basin curvature k3f9/4 --top 10 --lowest 5 --trace-probes 100\n"
              "basin curvature k3f9/4 --format json | jq '.[] | select(.metric == \"hessian_top_1\") | .value'",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX")->required();
            app.add_option("--top", options->top, "The N greatest eigenvalues; the default is 5")->option_text("N");
            app.add_option("--lowest", options->lowest, "The N least ones; the default is 1")->option_text("N");
            app.add_option("--iterations", options->iterations,
                           "Hessian products for them, at most; the default is 200")
                ->option_text("N");
            app.add_option("--tolerance", options->tolerance,
                           "Residual of one that has converged, relative to the greatest; the default is 1e-4")
                ->option_text("X");
            app.add_option("--trace-probes", options->trace_probes,
                           "Estimate the trace by N random vectors; the default is 0: not")
                ->option_text("N");
            app.add_option("--examples", options->examples, "Measure over the first N training examples; without, all")
                ->option_text("N")
                ->check(CLI::PositiveNumber);
            app.add_option("--seed", options->seed, "Of the random vectors; the default is 0")->option_text("N");
            return [options](Context& context) { return Curvature(context, *options); };
          }};
}

}  // namespace basin::client::cli
