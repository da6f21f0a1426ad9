#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/descent_path.h"
#include "client/cli/learning_curve.h"
#include "client/cli/loss_scores.h"
#include "client/cli/loss_surface.h"
#include "client/cli/number_check.h"
#include "client/cli/trained_trial.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

struct Options {
  std::string trial, metric = "train_loss", out;
  uint64_t every_epochs = 1, points = 31, examples = 0;
  bool only_trainings = false;  // An option was given that a descent on a surface has no use for.
};

// Weights on the way, in the plane in which the training moved most.
struct Stop {
  uint64_t step = 0;
  double epoch = 0, x = 0, y = 0, train_loss = 0, test_loss = 0;
};

struct Path {
  std::vector<Stop> stops;       // By ascending step.
  double explained[2] = {0, 0};  // Shares of the variance.
};

absl::StatusOr<Path> ReadPath(Context& context, const v1::Trial& trial) {
  std::map<uint64_t, Stop> stops;
  Path path;
  const absl::Status read =
      context.client().Points(trial.sweep_id(), trial.index()).ForEach([&](const v1::TrialPoint& at) {
        const v1::MetricPoint& point = at.point();
        if (point.name() == "explained_variance_1") path.explained[0] = point.value();
        if (point.name() == "explained_variance_2") path.explained[1] = point.value();
        const std::pair<const char*, double Stop::*> kFields[] = {{"trajectory_x", &Stop::x},
                                                                  {"trajectory_y", &Stop::y},
                                                                  {"train_loss", &Stop::train_loss},
                                                                  {"test_loss", &Stop::test_loss}};
        for (const auto& [name, field] : kFields) {
          if (point.name() != name) continue;
          Stop& stop = stops[point.step()];
          stop.step = point.step();
          stop.epoch = point.epoch();
          stop.*field = point.value();
        }
        return true;
      });
  if (!read.ok()) return read;
  if (stops.empty()) return PointsAreGone(trial.sweep_id());
  for (const auto& [step, stop] : stops) path.stops.push_back(stop);
  return path;
}

void Print(Context& context, const Path& path) {
  const auto rows = context.Rows({{.name = "step"},
                                  {.name = "epoch"},
                                  {.name = "x"},
                                  {.name = "y"},
                                  {.name = "train_loss"},
                                  {.name = "test_loss"}});
  for (const Stop& stop : path.stops) {
    rows->Add({stop.step, stop.epoch, stop.x, stop.y, stop.train_loss, stop.test_loss});
  }
  rows->Finish();
}

// Evenly over what the path covers, and a fifth more on either side.
std::vector<double> PlacesAround(const Path& path, double Stop::*axis, uint64_t count) {
  const auto less = [axis](const Stop& a, const Stop& b) { return a.*axis < b.*axis; };
  const auto [low, high] = std::minmax_element(path.stops.begin(), path.stops.end(), less);
  const double begin = (*low).*axis, end = (*high).*axis, span = std::max(end - begin, 1e-6);
  return EvenPlaces(begin - span / 5, end + span / 5, count);
}

// The path on the surface of the loss over its plane.
absl::Status Draw(Context& context, const TrainedTrial& of, const Options& options, const Path& path) {
  v1::SweepSpec spec = AnalysisSpec("trajectory-plane", of, "train_loss", /*seed=*/0, options.examples);
  v1::LossPlane& plane = *spec.mutable_base()->mutable_analyze()->mutable_loss_plane();
  plane.set_directions(v1::LossPlane::DIRECTIONS_PRINCIPAL);
  plane.set_every_epochs(options.every_epochs);
  LossSurface surface{
      .title = absl::StrCat("The path of ", of.name(), " in the plane in which it moved most, ",
                            format::HumanReal(100 * (path.explained[0] + path.explained[1])), "% of the variance"),
      .x_label = "first principal direction",
      .y_label = "second principal direction",
      .xs = PlacesAround(path, &Stop::x, options.points),
      .ys = PlacesAround(path, &Stop::y, options.points),
      .metric = options.metric};
  AddPlaneDomains(surface.xs, surface.ys, &spec);
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, of);
  if (!results.ok()) return results.status();
  surface.trials = results->trials;
  for (const Stop& stop : path.stops) {
    surface.path.push_back(
        {stop.x, stop.y,
         absl::StrCat("epoch ", format::HumanReal(stop.epoch), ", train_loss ", format::HumanReal(stop.train_loss))});
  }
  surface.marks = {{path.stops.front().x, path.stops.front().y, "start"},
                   {path.stops.back().x, path.stops.back().y, "end"}};
  return WriteLossSurface(surface, options.out);
}

absl::StatusOr<int> Trajectory(Context& context, const Options& options) {
  if (const absl::Status known = CheckLossScore(options.metric); !known.ok()) return known;
  if (const absl::Status path = CheckPicturePath(context, options.out); !path.ok()) return path;
  const absl::StatusOr<NamedTrial> trial = FindTrial(context, options.trial);
  if (!trial.ok()) return trial.status();
  if (trial->workload.has_surface()) {
    if (options.only_trainings) {
      return absl::InvalidArgumentError(absl::StrCat(
          trial->name(), " is a descent on a surface: --every-epochs, --metric and --examples are for trainings"));
    }
    const absl::Status shown = ShowDescent(context, *trial, options.out, options.points);
    if (!shown.ok()) return shown;
    return api::kOk;
  }
  const absl::StatusOr<TrainedTrial> of = TrainingOf(*trial);
  if (!of.ok()) return of.status();
  v1::SweepSpec spec = AnalysisSpec("trajectory", *of, "explained_variance_1", /*seed=*/0, options.examples);
  spec.mutable_objective()->set_maximize("explained_variance_1");
  spec.mutable_base()->mutable_analyze()->mutable_trajectory()->set_every_epochs(options.every_epochs);
  const absl::StatusOr<AnalysisResults> results = RunAnalysis(context, spec, *of);
  if (!results.ok()) return results.status();
  const absl::StatusOr<Path> path = ReadPath(context, results->trials.front());
  if (!path.ok()) return path.status();
  if (options.out.empty()) {
    Print(context, *path);
    context.out().flush();
  } else if (const absl::Status drawn = Draw(context, *of, options, *path); !drawn.ok()) {
    return drawn;
  }
  context.Note(absl::StrCat("The two directions hold ", format::HumanReal(100 * path->explained[0]), "% and ",
                            format::HumanReal(100 * path->explained[1]), "% of how the weights of ", of->name(),
                            " moved. Kept as sweep ", results->sweep.id(),
                            options.out.empty() ? "" : ", drawn in " + options.out, "."));
  return api::kOk;
}

}  // namespace

Command TrajectoryCommand() {
  return {.name = "trajectory",
          .group = "Look at minima",
          .summary =
              "The path of a trial: of a training, in the plane in which its weights moved most (Li et al. "
              "2018); of a descent on a surface, as it was",
          .example =
              "basin trajectory k3f9/4\n"
              "basin trajectory k3f9/4 --out path.html    # on the surface of the loss over that plane\n"
              "basin trajectory k3f9/4 --every-epochs 10 --format csv > path.csv\n"
              "basin trajectory t2aw/0 --out descent.svg    # of a descent on a surface",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX")->required();
            app.add_option("--every-epochs", options->every_epochs, "Weights after each N epochs; the default is 1")
                ->option_text("N")
                ->check(WholeNumber(1, 1000000));
            app.add_option("--points", options->points, "Places of the surface along a direction; the default is 31")
                ->option_text("N")
                ->check(WholeNumber(2, 2001));
            app.add_option("--metric", options->metric, "The height of the surface; the default is train_loss")
                ->option_text("train_loss|train_accuracy|test_loss|test_accuracy");
            app.add_option("--examples", options->examples,
                           "Measure over a sample of N examples of each part; without, all")
                ->option_text("N")
                ->check(WholeNumber(1, kMostExamples));
            app.add_option("--out", options->out, "Draw the path on the loss (.html, .svg), or write arrays (.npz)")
                ->option_text("FILE");
            for (const char* name : {"--every-epochs", "--metric", "--examples"}) {
              app.get_option(name)->each([options](const std::string&) { options->only_trainings = true; });
            }
            return [options](Context& context) { return Trajectory(context, *options); };
          }};
}

}  // namespace basin::client::cli
