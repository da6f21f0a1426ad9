#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/learning_curve.h"
#include "client/cli/loss_scores.h"
#include "client/cli/new_file.h"
#include "client/cli/trained_trial.h"
#include "client/format/human.h"
#include "client/format/npz.h"
#include "client/format/surface_chart.h"
#include "client/format/text_surface.h"

namespace basin::client::cli {
namespace {

constexpr size_t kMostTextRows = 31;

struct Options {
  std::string trial, metric = "test_loss", out;
  uint64_t points = 31, seed = 0, examples = 0;
  double range = 1;
  bool line = false;
};

// The places of a sweep's grid along an axis.
std::vector<double> Places(const Options& options) {
  std::vector<double> places;
  const auto steps = static_cast<int64_t>(options.points) - 1;
  for (int64_t i = 0; i <= steps; ++i) {
    places.push_back(options.range * static_cast<double>(2 * i - steps) / static_cast<double>(steps));
  }
  return places;
}

void AddAxis(const std::string& path, const std::vector<double>& places, v1::SweepSpec* spec) {
  v1::Domain& domain = *spec->add_domains();
  domain.set_path(path);
  for (const double place : places) domain.mutable_values()->add_values()->set_double_value(place);
}

// The scores over a grid: trial i lies at alphas[i / places], betas[i % places], which are the same numbers.
struct Surface {
  std::string title;
  std::vector<double> places;
  std::vector<v1::Trial> trials;
  std::string metric;

  // A metric by rows of ascending beta.
  std::vector<double> Values(const std::string& name) const {
    const std::vector<double> by_alpha = MetricOf(trials, name);
    const size_t n = places.size();
    std::vector<double> values(by_alpha.size());
    for (size_t i = 0; i < by_alpha.size(); ++i) values[i % n * n + i / n] = by_alpha[i];
    return values;
  }
};

void Print(Context& context, const Surface& surface) {
  const size_t n = surface.places.size();
  if (context.format() == "plot") {
    const std::vector<double> values = surface.Values(surface.metric);
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double value : values) {
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
    }
    const bool logarithmic = WantsLogarithms(surface.metric, values);
    context.out() << surface.title << "\n"
                  << surface.metric << (logarithmic ? ", logarithmic scale" : "")
                  << " over alpha (to the right) and beta (upwards); o: the trained weights\n";
    if (low > high) {
      context.out() << surface.metric << " is nowhere finite\n";
      return;
    }
    context.out() << format::TextSurface(surface.places, surface.places, values,
                                         format::AxisScale::Around(low, high, logarithmic), kMostTextRows);
    return;
  }
  std::vector<format::Column> columns = {{.name = "alpha"}, {.name = "beta"}};
  for (const std::string& score : LossScores()) columns.push_back({.name = score});
  const auto rows = context.Rows(std::move(columns));
  for (size_t i = 0; i < surface.trials.size(); ++i) {
    std::vector<format::Cell> cells = {surface.places[i / n], surface.places[i % n]};
    for (const std::string& score : LossScores()) cells.push_back(MetricOf({surface.trials[i]}, score).front());
    rows->Add(cells);
  }
  rows->Finish();
}

absl::Status Write(const Surface& surface, const std::string& path) {
  NewFile file(path);
  if (!file.status().ok()) return file.status();
  const size_t n = surface.places.size();
  if (path.ends_with(".npz")) {
    std::vector<format::NpzArray> arrays = {{"alpha", {n}, surface.places}, {"beta", {n}, surface.places}};
    for (const std::string& score : LossScores()) arrays.push_back({score, {n, n}, surface.Values(score)});
    file.stream() << format::NpzOf(arrays);
    return file.Finish();
  }
  const std::vector<double> values = surface.Values(surface.metric);
  const format::SurfaceChart chart{.title = surface.title,
                                   .x_label = "alpha",
                                   .y_label = "beta",
                                   .z_label = surface.metric,
                                   .xs = surface.places,
                                   .ys = surface.places,
                                   .zs = values,
                                   .logarithmic_z = WantsLogarithms(surface.metric, values),
                                   .marks = {{0, 0, "trained weights"}}};
  file.stream() << (path.ends_with(".svg") ? format::SvgOf(chart) : format::HtmlOf(chart));
  return file.Finish();
}

absl::StatusOr<int> Landscape(Context& context, const Options& options) {
  if (const absl::Status known = CheckLossScore(options.metric); !known.ok()) return known;
  if (const absl::Status path = CheckPicturePath(context, options.out); !path.ok()) return path;
  const absl::StatusOr<TrainedTrial> of = FindTrainedTrial(context, options.trial);
  if (!of.ok()) return of.status();

  v1::SweepSpec spec = AnalysisSpec("landscape", *of, "test_loss", options.seed, options.examples);
  spec.mutable_base()->mutable_analyze()->mutable_loss_plane();
  const std::vector<double> places = Places(options);
  AddAxis("analyze.loss_plane.alpha", places, &spec);
  if (!options.line) AddAxis("analyze.loss_plane.beta", places, &spec);
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, *of);
  if (!results.ok()) return results.status();

  const std::string title = absl::StrCat("Loss around ", of->name(), ", along ",
                                         options.line ? "a random direction" : "two random directions",
                                         ", filter-normalized, of seed ", options.seed);
  absl::Status written;
  if (options.line) {
    const ScoreLine line{
        .title = title, .x_label = "alpha", .alphas = places, .trials = results->trials, .metric = options.metric};
    if (options.out.empty()) PrintScoreLine(context, line);
    if (!options.out.empty()) written = WriteScoreLine(line, options.out);
  } else {
    const Surface surface{title, places, results->trials, options.metric};
    if (options.out.empty()) Print(context, surface);
    if (!options.out.empty()) written = Write(surface, options.out);
  }
  if (!written.ok()) return written;
  context.out().flush();
  context.Note(absl::StrCat(format::Count(results->trials.size(), "place"), " around ", of->name(), ", kept as sweep ",
                            results->sweep.id(), options.out.empty() ? "" : ", drawn in " + options.out, "."));
  return api::kOk;
}

}  // namespace

Command LandscapeCommand() {
  return {.name = "landscape",
          .group = "Look at minima",
          .summary = "The loss around a trial's weights, along random filter-normalized directions (Li et al. 2018)",
          .example =
              "basin landscape k3f9/4                     # drawn as text\n"
              "basin landscape k3f9/4 --points 51 --out landscape.html     # to turn about, in a browser\n"
              "basin landscape k3f9/4 --line --range 2 --format csv > line.csv",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX")->required();
            app.add_option("--points", options->points, "Places along a direction; the default is 31")
                ->option_text("N")
                ->check(CLI::Range(2, 2001));
            app.add_option("--range", options->range,
                           "How far to go either way, in units of each filter's norm; the default is 1")
                ->option_text("X")
                ->check(CLI::PositiveNumber);
            app.add_flag("--line", options->line, "Along one direction alone");
            app.add_option("--metric", options->metric, "Which score is drawn; the default is test_loss")
                ->option_text("train_loss|train_accuracy|test_loss|test_accuracy");
            app.add_option("--examples", options->examples,
                           "Measure over the first N examples of each part; without, all")
                ->option_text("N")
                ->check(CLI::PositiveNumber);
            app.add_option("--seed", options->seed, "Of the directions; the default is 0")->option_text("N");
            app.add_option("--out", options->out,
                           "Write a picture (.html to turn about, .svg) or arrays (.npz) instead of printing")
                ->option_text("FILE");
            return [options](Context& context) { return Landscape(context, *options); };
          },
          .formats = {"plot", "table", "json", "csv"}};
}

}  // namespace basin::client::cli
