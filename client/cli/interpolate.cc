#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/loss_barrier.h"
#include "client/cli/loss_scores.h"
#include "client/cli/number_check.h"
#include "client/cli/trained_trial.h"
#include "client/format/human.h"
#include "google/protobuf/util/message_differencer.h"

namespace basin::client::cli {
namespace {

struct Options {
  std::string from, to, metric = "train_loss", out;
  uint64_t points = 51, beyond = 0, examples = 0;
};

// 0 .. 1 in `points` places, with `beyond` more of the same distance on either side.
std::vector<double> Alphas(const Options& options) {
  const auto steps = static_cast<int64_t>(options.points) - 1, beyond = static_cast<int64_t>(options.beyond);
  std::vector<double> alphas;
  for (int64_t i = -beyond; i <= steps + beyond; ++i) {
    alphas.push_back(static_cast<double>(i) / static_cast<double>(steps));
  }
  return alphas;
}

std::string BarrierText(const std::string& metric, const Barrier& barrier) {
  if (barrier.height == 0) return absl::StrCat("no barrier of ", metric, ": both lie in one valley");
  return absl::StrCat("a barrier of ", metric, ", ", format::HumanReal(barrier.height),
                      " above the line between the ends, at alpha ", format::HumanReal(barrier.alpha));
}

absl::StatusOr<int> Interpolate(Context& context, const Options& options) {
  if (const absl::Status known = CheckLossScore(options.metric); !known.ok()) return known;
  if (const absl::Status path = CheckPicturePath(context, options.out); !path.ok()) return path;
  const absl::StatusOr<TrainedTrial> from = FindTrainedTrial(context, options.from);
  if (!from.ok()) return from.status();
  const absl::StatusOr<TrainedTrial> to = FindTrainedTrial(context, options.to);
  if (!to.ok()) return to.status();

  const bool same_settings = google::protobuf::util::MessageDifferencer::Equals(from->train, to->train);
  if (same_settings && from->seed == to->seed) {
    return absl::InvalidArgumentError(
        absl::StrCat(from->name(), " and ", to->name(),
                     " are one training, of the same settings and seed: there is no line between them"));
  }

  v1::SweepSpec spec = AnalysisSpec("interpolate", *from, "train_loss", /*seed=*/0, options.examples);
  spec.set_name(absl::StrCat(spec.name(), "-to-", to->sweep, "-", to->index));
  v1::Interpolation& line = *spec.mutable_base()->mutable_analyze()->mutable_interpolation();
  line.set_other_seed(to->seed);
  if (!same_settings) *line.mutable_train() = to->train;
  v1::Domain& domain = *spec.add_domains();
  domain.set_path("analyze.interpolation.alpha");
  const std::vector<double> alphas = Alphas(options);
  for (const double alpha : alphas) domain.mutable_values()->add_values()->set_double_value(alpha);
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, *from);
  if (!results.ok()) return results.status();

  const ScoreLine scores{.title = absl::StrCat("From ", from->name(), " (alpha 0) to ", to->name(), " (alpha 1)"),
                         .x_label = "alpha",
                         .alphas = alphas,
                         .trials = results->trials,
                         .metric = options.metric};
  if (options.out.empty()) {
    PrintScoreLine(context, scores);
    context.out().flush();
  } else if (const absl::Status written = WriteScoreLine(scores, options.out); !written.ok()) {
    return written;
  }
  const std::string barrier =
      options.metric.ends_with("loss")
          ? BarrierText(options.metric, BarrierOf(alphas, MetricOf(results->trials, options.metric))) + ". "
          : "";
  context.Note(absl::StrCat(from->name(), " to ", to->name(), ": ", barrier, "Kept as sweep ", results->sweep.id(),
                            options.out.empty() ? "" : ", drawn in " + options.out, "."));
  return api::kOk;
}

}  // namespace

Command InterpolateCommand() {
  return {.name = "interpolate",
          .group = "Look at minima",
          .summary = "Loss and accuracy on the straight line between two trials' weights, and the barrier on it",
          .example =
              "basin interpolate k3f9/4 k3f9/16\n"
              "basin interpolate k3f9/4 k3f9/16 --beyond 10 --out line.html\n"
              "basin interpolate k3f9/4 m2x7/0 --format csv > line.csv",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("A", options->from, "The trial at alpha 0: SWEEP/INDEX")->required()->option_text("TRIAL");
            app.add_option("B", options->to, "The trial at alpha 1, of the same network and data set")
                ->required()
                ->option_text("TRIAL");
            app.add_option("--points", options->points, "Places from 0 to 1; the default is 51")
                ->option_text("N")
                ->check(WholeNumber(2, 10001));
            app.add_option("--beyond", options->beyond, "As many more places on either side; the default is 0")
                ->option_text("N")
                ->check(WholeNumber(0, 10000));
            app.add_option("--metric", options->metric, "Which score is drawn; the default is train_loss")
                ->option_text("train_loss|train_accuracy|test_loss|test_accuracy");
            app.add_option("--examples", options->examples,
                           "Measure over a sample of N examples of each part; without, all")
                ->option_text("N")
                ->check(WholeNumber(1, kMostExamples));
            app.add_option("--out", options->out, "Write curves (.html, .svg) or arrays (.npz) instead of printing")
                ->option_text("FILE");
            return [options](Context& context) { return Interpolate(context, *options); };
          },
          .formats = {"plot", "table", "json", "csv"}};
}

}  // namespace basin::client::cli
