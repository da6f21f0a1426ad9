#include <memory>
#include <optional>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/sweep_text.h"
#include "client/cli/trial_rows.h"

namespace basin::client::cli {
namespace {

using format::Cell;
using format::Column;

// A row a metric point, with its trial's settings; a trial without points has one row. Two lists in the same order are
// read side by side, a page of each in memory.
absl::StatusOr<int> Export(Context& context, const std::string& id) {
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(id);
  if (!sweep.ok()) return sweep.status();
  const absl::StatusOr<ParamColumns> params = ParamColumns::Create(sweep->spec());
  if (!params.ok()) return params.status();

  std::vector<Column> columns = {
      {.name = "trial"}, {.name = "index"}, {.name = "config"}, {.name = "seed"}, {.name = "state"}};
  params->AddColumns(&columns);
  for (const char* name : {"metric", "step", "epoch", "examples", "value"}) columns.push_back({.name = name});
  const auto rows = context.Rows(columns);

  api::Pager<v1::Trial> trials = context.client().Trials(sweep->id());
  api::Pager<v1::TrialPoint> points = context.client().Points(sweep->id());
  absl::StatusOr<std::optional<v1::TrialPoint>> point = points.Next();
  const absl::Status status = trials.ForEach([&](const v1::Trial& trial) {
    std::vector<Cell> settings = {trial.sweep_id() + "/" + std::to_string(trial.index()), uint64_t{trial.index()},
                                  uint64_t{trial.config()}, uint64_t{trial.seed()}, StateName(trial.state())};
    params->AddCells(trial, &settings);
    bool any = false;
    // Points of a trial that began after its page of trials was read belong to no row.
    while (point.ok() && point->has_value() && (*point)->trial() <= trial.index()) {
      if ((*point)->trial() == trial.index()) {
        const v1::MetricPoint& p = (*point)->point();
        std::vector<Cell> row = settings;
        row.insert(row.end(), {p.name(), uint64_t{p.step()}, p.epoch(), uint64_t{p.examples()}, p.value()});
        rows->Add(row);
        any = true;
      }
      point = points.Next();
    }
    if (!any && point.ok()) {
      settings.resize(columns.size());
      rows->Add(settings);
    }
    return point.ok() && static_cast<bool>(context.out());
  });
  if (!status.ok()) return status;
  if (!point.ok()) return point.status();
  rows->Finish();
  return api::kOk;
}

}  // namespace

Command ExportCommand() {
  return {.name = "export",
          .group = "Look at sweeps",
          .summary = "Write every metric point of every trial",
          .example =
              "basin export k3f9 --format csv > points.csv\n"
              "basin export k3f9 --format jsonl | gzip > points.jsonl.gz",
          .define = [](CLI::App& app) -> Action {
            auto sweep = std::make_shared<std::string>();
            app.add_option("ID", *sweep, "The sweep: its id, the beginning of it, or its name")->required();
            return [sweep](Context& context) { return Export(context, *sweep); };
          },
          .formats = {"csv", "jsonl"}};
}

}  // namespace basin::client::cli
