#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/progress.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_space.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "client/format/json.h"
#include "client/format/text_width.h"

namespace basin::client::cli {
namespace {

void Print(Context& context, const v1::Sweep& sweep) {
  const auto line = [&](const std::string& key, const std::string& value) {
    if (value.empty()) return;
    context.out() << key << std::string(key.size() < 11 ? 11 - key.size() : 0, ' ') << "  " << format::Printable(value)
                  << "\n";
  };
  line("Name", sweep.name());
  line("ID", sweep.id());
  line("State", StateName(sweep.state()));
  line("Message", sweep.message());
  line("Waiting", sweep.waiting());
  line("Verifies", sweep.verifies().empty() ? "" : "trial " + sweep.verifies());
  line("Size", SizeText(sweep.configs(), sweep.seeds()));
  line("Trials", CountsText(sweep.trials()));
  const double remaining = RemainingSeconds(sweep, Now());
  if (remaining >= 0) line("Remaining", "about " + format::HumanDuration(remaining));
  const v1::Objective& objective = sweep.spec().objective();
  line("Objective", (objective.has_maximize() ? "maximize " : "minimize ") + ObjectiveMetric(objective) +
                        (objective.at() == v1::Objective::AT_BEST ? " at its best epoch" : ""));
  line("Best", BestText(sweep));
  line("Owner", sweep.owner());
  if (sweep.priority() != 0) line("Priority", std::to_string(sweep.priority()));
  if (sweep.has_created_at()) line("Created", format::LocalTime(SecondsOf(sweep.created_at())));
  if (sweep.has_started_at()) line("Started", format::LocalTime(SecondsOf(sweep.started_at())));
  if (sweep.has_ended_at()) {
    const double took = sweep.has_started_at() ? SecondsOf(sweep.ended_at()) - SecondsOf(sweep.started_at()) : -1;
    line("Ended", format::LocalTime(SecondsOf(sweep.ended_at())) +
                      (took >= 0 ? " (after " + format::HumanDuration(took) + ")" : ""));
  }

  const std::vector<std::string> space = SpaceLines(sweep.spec());
  if (!space.empty()) context.out() << "Space\n";
  for (const std::string& domain : space) context.out() << "  " << format::Printable(domain) << "\n";
  if (sweep.running_size() == 0) return;
  context.out() << "Running\n";
  const auto rows = context.Rows({{.name = "trial"},
                                  {.name = "attempt"},
                                  {.name = "worker"},
                                  {.name = "for"},
                                  {.name = "epoch"},
                                  {.name = ObjectiveMetric(objective)}});
  for (const v1::RunningTrial& trial : sweep.running()) {
    rows->Add({sweep.id() + "/" + std::to_string(trial.index()), uint64_t{trial.attempt()}, trial.worker(),
               format::Seconds{SecondsOf(trial.age())}, trial.epoch(),
               trial.has_objective() ? format::Cell(trial.objective()) : format::Cell()});
  }
  rows->Finish();
}

// What SweepColumns leaves to the one who asks for one sweep.
std::vector<format::Column> DetailColumns() {
  using In = format::Column::In;
  return {{.name = "objective_goal", .json = {"objective", "goal"}, .in = In::kData},
          {.name = "objective_metric", .json = {"objective", "metric"}, .in = In::kData},
          {.name = "objective_at", .json = {"objective", "at"}, .in = In::kData},
          {.name = "limits_trial_seconds", .json = {"limits", "trial_seconds"}, .in = In::kData},
          {.name = "limits_max_parallel", .json = {"limits", "max_parallel"}, .in = In::kData},
          {.name = "limits_max_attempts", .json = {"limits", "max_attempts"}, .in = In::kData},
          {.name = "space", .in = In::kData},
          {.name = "running_trials", .in = In::kData}};
}

std::string RunningJson(const v1::Sweep& sweep) {
  std::string list;
  for (const v1::RunningTrial& trial : sweep.running()) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", "{\"trial\": \"", sweep.id(), "/", trial.index(),
                    "\", \"attempt\": ", trial.attempt(), ", \"worker\": ", format::JsonString(trial.worker()),
                    ", \"seconds\": ", format::JsonReal(SecondsOf(trial.age())),
                    ", \"epoch\": ", format::JsonReal(trial.epoch()),
                    ", \"objective\": ", trial.has_objective() ? format::JsonReal(trial.objective()) : "null", "}");
  }
  return "[" + list + "]";
}

std::vector<format::Cell> DetailCells(const v1::Sweep& sweep) {
  const v1::Objective& objective = sweep.spec().objective();
  const v1::Limits& limits = sweep.spec().limits();
  return {objective.has_maximize() ? "maximize" : "minimize",
          ObjectiveMetric(objective),
          objective.at() == v1::Objective::AT_BEST ? "best" : "last",
          limits.has_trial_seconds() ? format::Cell(limits.trial_seconds()) : format::Cell(),
          limits.has_max_parallel() ? format::Cell(uint64_t{limits.max_parallel()}) : format::Cell(),
          limits.has_max_attempts() ? format::Cell(uint64_t{limits.max_attempts()}) : format::Cell(),
          format::Json{SpaceJson(sweep.spec())},
          format::Json{RunningJson(sweep)}};
}

absl::StatusOr<int> Show(Context& context, const std::string& id) {
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(id);
  if (!sweep.ok()) return sweep.status();
  if (context.human()) {
    Print(context, *sweep);
  } else {
    std::vector<format::Column> columns = SweepColumns();
    std::vector<format::Cell> cells = SweepCells(*sweep);
    for (format::Column& column : DetailColumns()) columns.push_back(std::move(column));
    for (format::Cell& cell : DetailCells(*sweep)) cells.push_back(std::move(cell));
    const auto rows = context.Rows(std::move(columns));
    rows->Add(cells);
    rows->Finish();
  }
  return api::kOk;
}

}  // namespace

Command ShowCommand() {
  return {.name = "show",
          .group = "Look at sweeps",
          .summary = "Show one sweep: its space, its progress, what runs, what it waits for",
          .example =
              "basin show k3f9\n"
              "basin show k3f9 --format json | jq '.[0] | .trials, .space'",
          .define = [](CLI::App& app) -> Action {
            auto sweep = std::make_shared<std::string>();
            app.add_option("ID", *sweep, "The sweep: its id, the beginning of it, or its name")->required();
            return [sweep](Context& context) { return Show(context, *sweep); };
          }};
}

}  // namespace basin::client::cli
