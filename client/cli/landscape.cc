#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/loss_scores.h"
#include "client/cli/loss_surface.h"
#include "client/cli/number_check.h"
#include "client/cli/trained_trial.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

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

absl::StatusOr<int> Landscape(Context& context, const Options& options) {
  if (const absl::Status known = CheckLossScore(options.metric); !known.ok()) return known;
  if (const absl::Status path = CheckPicturePath(context, options.out); !path.ok()) return path;
  const absl::StatusOr<TrainedTrial> of = FindTrainedTrial(context, options.trial);
  if (!of.ok()) return of.status();

  v1::SweepSpec spec = AnalysisSpec("landscape", *of, "test_loss", options.seed, options.examples);
  spec.mutable_base()->mutable_analyze()->mutable_loss_plane();
  const std::vector<double> places = Places(options);
  AddPlaneDomains(places, options.line ? std::vector<double>() : places, &spec);
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
    const LossSurface surface{.title = title,
                              .xs = places,
                              .ys = places,
                              .trials = results->trials,
                              .metric = options.metric,
                              .marks = {{0, 0, "trained weights"}}};
    if (options.out.empty()) PrintLossSurface(context, surface);
    if (!options.out.empty()) written = WriteLossSurface(surface, options.out);
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
                ->check(WholeNumber(2, 2001));
            app.add_option("--range", options->range,
                           "How far to go either way, in units of each filter's norm; the default is 1")
                ->option_text("X")
                ->check(PositiveNumber(1e6));
            app.add_flag("--line", options->line, "Along one direction alone");
            app.add_option("--metric", options->metric, "Which score is drawn; the default is test_loss")
                ->option_text("train_loss|train_accuracy|test_loss|test_accuracy");
            app.add_option("--examples", options->examples,
                           "Measure over a sample of N examples of each part; without, all")
                ->option_text("N")
                ->check(WholeNumber(1, kMostExamples));
            app.add_option("--seed", options->seed, "Of the directions; the default is 0")
                ->option_text("N")
                ->check(WholeNumber(0));
            app.add_option("--out", options->out,
                           "Write a picture (.html to turn about, .svg) or arrays (.npz) instead of printing")
                ->option_text("FILE");
            return [options](Context& context) { return Landscape(context, *options); };
          },
          .formats = {"plot", "table", "json", "csv"}};
}

}  // namespace basin::client::cli
