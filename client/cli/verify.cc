#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/api/request_id.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/point_comparison.h"
#include "client/cli/progress.h"
#include "client/cli/sweep_text.h"
#include "client/cli/trial_name.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

using format::Cell;

struct Options {
  std::string trial;
  bool keep = false;
};

// Two runs of a trial, each with a result.
struct Runs {
  v1::Trial first, again;
  PointComparison points;
};

std::string NameOf(const v1::Trial& trial) { return absl::StrCat(trial.sweep_id(), "/", trial.index()); }

struct Fact {
  const char* name;
  std::string first, again;
};

// What is compared beside the points.
std::vector<Fact> FactsOf(const Runs& runs) {
  return {{"state", StateName(runs.first.state()), StateName(runs.again.state())},
          {"weights_digest", runs.first.weights_digest(), runs.again.weights_digest()},
          {"data_digest", runs.first.data_digest(), runs.again.data_digest()},
          {"engine_fingerprint", runs.first.engine_fingerprint(), runs.again.engine_fingerprint()}};
}

Cell ValueCell(const std::optional<v1::MetricPoint>& point) { return point ? Cell(point->value()) : Cell(); }

std::string ValueText(const std::optional<v1::MetricPoint>& point) {
  return point ? format::PlainOf(Cell(point->value())) : "absent";
}

void PrintRows(Context& context, const Runs& runs) {
  const auto rows = context.Rows({{.name = "what"},
                                  {.name = "points"},
                                  {.name = "equal"},
                                  {.name = "step", .hide_blank = true},
                                  {.name = "first", .shrink = true},
                                  {.name = "again", .shrink = true}});
  for (const Fact& fact : FactsOf(runs)) {
    rows->Add({fact.name, Cell(), fact.first == fact.again, Cell(), fact.first, fact.again});
  }
  for (const auto& [name, metric] : runs.points.metrics) {
    if (!metric.difference) {
      rows->Add({name, uint64_t{metric.points}, true, Cell(), Cell(), Cell()});
      continue;
    }
    const PointDifference& at = *metric.difference;
    rows->Add({name, uint64_t{metric.points}, false, uint64_t{(at.first ? at.first : at.again)->step()},
               ValueCell(at.first), ValueCell(at.again)});
  }
  rows->Finish();
  context.out().flush();
}

// The first thing in which they differ; empty: in nothing.
std::string Difference(const Runs& runs) {
  if (!runs.points.first_different.empty()) {
    const PointDifference& at = *runs.points.metrics.at(runs.points.first_different).difference;
    return absl::StrCat(runs.points.first_different, " at step ", (at.first ? at.first : at.again)->step(), " was ",
                        ValueText(at.first), " and is ", ValueText(at.again));
  }
  for (const Fact& fact : FactsOf(runs)) {
    if (fact.first != fact.again) {
      return absl::StrCat(fact.name, " was ", fact.first.empty() ? "absent" : fact.first, " and is ",
                          fact.again.empty() ? "absent" : fact.again);
    }
  }
  return "";
}

int Judge(Context& context, const Runs& runs, bool points_are_kept) {
  PrintRows(context, runs);
  const std::string trial = NameOf(runs.first);
  // A result that was taken over has no worker.
  std::string where = absl::StrCat("run again on ", runs.again.worker());
  if (runs.again.worker() == runs.first.worker()) {
    where += ", where it ran the first time";
  } else if (!runs.first.worker().empty()) {
    absl::StrAppend(&where, ", the first time on ", runs.first.worker());
  }
  if (const std::string difference = Difference(runs); !difference.empty()) {
    context.Warn(absl::StrCat(trial, " is DIFFERENT (", where, "): ", difference));
    return api::kFailed;
  }
  uint64_t points = 0;
  for (const auto& [name, metric] : runs.points.metrics) points += metric.points;
  context.Note(absl::StrCat(trial, " is equal bit by bit (", where, "): its digests",
                            points_are_kept ? absl::StrCat(" and ", format::Count(points, "metric point"))
                                            : std::string(" alone, since no metric points of it are kept")));
  return api::kOk;
}

absl::StatusOr<int> Compare(Context& context, const TrialName& trial, const std::string& again) {
  api::Client& client = context.client();
  Runs runs;
  for (const auto& [run, name] : {std::pair(&runs.first, trial), {&runs.again, TrialName{again, 0}}}) {
    absl::StatusOr<v1::Trial> found = client.Trial(name.sweep, *name.index);
    if (!found.ok()) return found.status();
    *run = *std::move(found);
  }
  if (runs.again.state() != v1::TRIAL_STATE_SUCCEEDED && runs.again.state() != v1::TRIAL_STATE_DIVERGED) {
    context.Warn(absl::StrCat(NameOf(runs.first), " could not be run again; ", StateName(runs.again.state()), ": ",
                              runs.again.message()));
    return api::kFailed;
  }
  // Points may have been removed by the server's retention; then nothing is there to be compared with.
  const auto any = client.Points(trial.sweep, trial.index).Next();
  if (!any.ok()) return any.status();
  if (any->has_value()) {
    absl::StatusOr<PointComparison> points =
        ComparePoints(client.Points(trial.sweep, trial.index), client.Points(again, 0));
    if (!points.ok()) return points.status();
    runs.points = *std::move(points);
  }
  return Judge(context, runs, any->has_value());
}

// CANCELLED when Ctrl-C came first.
absl::StatusOr<int> RunAgain(Context& context, const v1::Sweep& sweep) {
  api::Client& client = context.client();
  // The first signal ends the following, so that what it followed can be removed; the second ends that too.
  Interrupt interrupt([&client](int count) {
    if (count > 1) client.Interrupt();
  });
  const size_t width = context.environment().err_terminal_width;
  const absl::StatusOr<v1::Sweep> ended = FollowSweep(client, sweep.id(), interrupt,
                                                      {.out = &context.err(),
                                                       .terminal_width = width,
                                                       .color = context.ColorOn(width),
                                                       .quiet = context.quiet(),
                                                       .best = false});
  if (!ended.ok()) return ended.status();
  const absl::StatusOr<TrialName> first = ParseTrialName(sweep.verifies());
  if (!first.ok()) return first.status();
  return Compare(context, *first, sweep.id());
}

absl::Status Remove(Context& context, const std::string& sweep) {
  // It can't be cancelled when it has ended, nor removed when it has not.
  const absl::StatusOr<v1::Sweep> cancelled = context.client().CancelSweep(sweep);
  if (!cancelled.ok() && !absl::IsFailedPrecondition(cancelled.status())) return cancelled.status();
  return context.client().DeleteSweep(sweep);
}

absl::StatusOr<int> Verify(Context& context, const Options& options) {
  const absl::StatusOr<TrialName> trial = ParseTrialName(options.trial);
  if (!trial.ok()) return trial.status();
  if (!trial->index) {
    return absl::InvalidArgumentError(
        absl::StrCat("verify is of one trial: expected SWEEP/INDEX, such as ", trial->sweep, "/0"));
  }
  const absl::StatusOr<v1::Sweep> sweep =
      context.client().VerifyTrial(trial->sweep, *trial->index, api::RandomRequestId());
  if (!sweep.ok()) return sweep.status();
  absl::StatusOr<int> code = RunAgain(context, *sweep);
  const bool interrupted = absl::IsCancelled(code.status());
  if (interrupted) code = api::kInterrupted;
  if (options.keep && !interrupted) {
    context.Note(
        absl::StrCat("Its second run is kept as ", sweep->id(), "/0; `basin rm ", sweep->id(), "` removes it."));
    return code;
  }
  if (const absl::Status removed = Remove(context, sweep->id()); !removed.ok()) {
    context.Warn(
        absl::StrCat("the second run, sweep ", sweep->id(), ", is still there: ", std::string(removed.message())));
  } else if (interrupted) {
    context.Note("Interrupted; the second run was cancelled and removed.");
  }
  return code;
}

}  // namespace

Command VerifyCommand() {
  return {.name = "verify",
          .group = "Look at sweeps",
          .summary = "Run a trial again, on another worker if one can, and compare digests and metrics bit by bit",
          .example =
              "basin verify k3f9/4                        # exit 0: equal; 1: different, or it failed\n"
              "basin verify k3f9/4 --format json | jq '.[] | select(.equal == false)'",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("TRIAL", options->trial, "The trial: SWEEP/INDEX; it has SUCCEEDED or DIVERGED")->required();
            app.add_flag("--keep", options->keep, "Keep the second run as a sweep of its own");
            return [options](Context& context) { return Verify(context, *options); };
          }};
}

}  // namespace basin::client::cli
