#include <algorithm>
#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/cli/trial_rows.h"
#include "proto/contract/metric_names.h"

namespace basin::client::cli {
namespace {

using format::Cell;
using format::Column;
using In = format::Column::In;

struct Options {
  std::string sweep;
  std::string states;
};

std::vector<Column> TrialColumns(const v1::SweepSpec& spec, const ParamColumns& params,
                                 const std::vector<std::string>& metrics) {
  std::vector<Column> columns = {
      {.name = "trial"}, {.name = "index", .in = In::kData}, {.name = "config", .in = In::kData}, {.name = "seed"}};
  params.AddColumns(&columns);
  std::string title = ObjectiveMetric(spec.objective());
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::vector<Column> rest = {
      {.name = "state", .color = StateColor},
      {.name = "attempts"},
      {.name = "worker"},
      {.name = "objective", .title = title},
      {.name = "duration_seconds", .title = "DURATION"},
      {.name = "started_at", .in = In::kData},
      {.name = "ended_at", .in = In::kData},
      {.name = "weights_digest", .in = In::kData},
      {.name = "data_digest", .in = In::kData},
      {.name = "engine_fingerprint", .in = In::kData},
      {.name = "reused_from", .title = "REUSED FROM", .hide_blank = true},
      {.name = "message", .hide_blank = true, .shrink = true},
  };
  columns.insert(columns.end(), rest.begin(), rest.end());
  for (const std::string& name : metrics) columns.push_back({.name = name, .json = {"metrics", name}, .in = In::kData});
  return columns;
}

std::vector<Cell> TrialCells(const v1::Trial& trial, const ParamColumns& params,
                             const std::vector<std::string>& metrics) {
  std::vector<Cell> cells = {trial.sweep_id() + "/" + std::to_string(trial.index()), uint64_t{trial.index()},
                             uint64_t{trial.config()}, uint64_t{trial.seed()}};
  params.AddCells(trial, &cells);
  cells.push_back(StateName(trial.state()));
  cells.push_back(uint64_t{trial.attempts()});
  cells.push_back(trial.worker().empty() ? Cell() : Cell(trial.worker()));
  cells.push_back(trial.has_objective() ? Cell(trial.objective()) : Cell());
  cells.push_back(SecondsCell(trial.has_duration(), trial.duration()));
  cells.push_back(TimeCell(trial.has_started_at(), trial.started_at()));
  cells.push_back(TimeCell(trial.has_ended_at(), trial.ended_at()));
  for (const std::string* text : {&trial.weights_digest(), &trial.data_digest(), &trial.engine_fingerprint()}) {
    cells.push_back(text->empty() ? Cell() : Cell(*text));
  }
  cells.push_back(trial.reused_from());
  cells.push_back(trial.message());
  for (const std::string& name : metrics) {
    const auto at = trial.metrics().find(name);
    cells.push_back(at == trial.metrics().end() ? Cell() : Cell(at->second));
  }
  return cells;
}

absl::StatusOr<int> Trials(Context& context, const Options& options) {
  const absl::StatusOr<std::vector<v1::TrialState>> states = ParseTrialStates(options.states);
  if (!states.ok()) return states.status();
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(options.sweep);
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<ParamColumns> params = ParamColumns::Create(sweep->spec());
  if (!params.ok()) return params.status();
  const std::vector<std::string> metrics = contract::MetricNames(sweep->spec().base());

  const auto rows = context.Rows(TrialColumns(sweep->spec(), *params, metrics));
  api::Pager<v1::Trial> trials = context.client().Trials(sweep->id(), *states);
  uint64_t cancelled = 0;
  const absl::Status status = trials.ForEach([&](const v1::Trial& trial) {
    if (trial.state() == v1::TRIAL_STATE_CANCELLED) ++cancelled;
    rows->Add(TrialCells(trial, *params, metrics));
    return static_cast<bool>(context.out());
  });
  if (!status.ok()) return status;
  rows->Finish();
  context.out().flush();
  if (sweep->trials().pending() > 0 && states->empty()) {
    context.Note(std::to_string(sweep->trials().pending()) + " more are pending; a trial is listed once it has begun.");
  }
  const bool lists_cancelled =
      states->empty() || std::find(states->begin(), states->end(), v1::TRIAL_STATE_CANCELLED) != states->end();
  if (const uint64_t all = sweep->trials().cancelled(); lists_cancelled && all > cancelled) {
    context.Note(std::to_string(all - cancelled) + " more were cancelled before they began, and are not listed.");
  }
  return api::kOk;
}

}  // namespace

Command TrialsCommand() {
  return {.name = "trials",
          .group = "Look at sweeps",
          .summary = "List a sweep's trials in order: a config and a seed each",
          .example =
              "basin trials k3f9\n"
              "basin trials k3f9 --state failed,diverged\n"
              "basin trials k3f9 --format json | jq '.[] | [.trial, .weights_digest]'",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("ID", options->sweep, "The sweep: its id, the beginning of it, or its name")->required();
            app.add_option("--state", options->states, "Only trials in these states, such as failed,diverged")
                ->option_text("STATE,...");
            return [options](Context& context) { return Trials(context, *options); };
          }};
}

}  // namespace basin::client::cli
