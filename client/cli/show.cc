#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/param_names.h"
#include "client/cli/param_values.h"
#include "client/cli/progress.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "client/format/text_width.h"
#include "proto/contract/field_path.h"

namespace basin::client::cli {
namespace {

// What the domain of a param is, in a few words.
std::string DomainText(const v1::Domain& domain) {
  const auto range = [](const char* name, const auto& r) {
    std::string out = std::string(name) + " from " + format::HumanReal(static_cast<double>(r.low())) + " to " +
                      format::HumanReal(static_cast<double>(r.high()));
    if (r.has_points()) out += ", " + std::to_string(r.points()) + " points";
    if (r.has_step()) out += ", step " + format::HumanReal(static_cast<double>(r.step()));
    return out;
  };
  switch (domain.kind_case()) {
    case v1::Domain::kValues: {
      std::string out;
      for (const v1::Value& value : domain.values().values()) {
        if (out.size() > 100) return out + ", ...";
        out += (out.empty() ? "" : ", ") + contract::FormatValue(value);
      }
      return out;
    }
    case v1::Domain::kChoice:
      return "one of " + format::Count(domain.choice().options_size(), "option");
    case v1::Domain::kUniform:
      return range("uniform", domain.uniform());
    case v1::Domain::kLogUniform:
      return range("log-uniform", domain.log_uniform());
    case v1::Domain::kIntUniform:
      return range("whole numbers", domain.int_uniform());
    case v1::Domain::kIntLogUniform:
      return range("whole numbers, log-uniform", domain.int_log_uniform());
    case v1::Domain::kNormal:
      return "normal, " + format::HumanReal(domain.normal().mean()) + " +- " +
             format::HumanReal(domain.normal().stddev());
    case v1::Domain::kLogNormal:
      return "log-normal, " + format::HumanReal(domain.log_normal().mean()) + " +- " +
             format::HumanReal(domain.log_normal().stddev());
    case v1::Domain::KIND_NOT_SET:
      break;
  }
  return "";
}

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

  const auto space = contract::Space::Create(sweep.spec());
  if (space.ok() && sweep.spec().domains_size() > 0) {
    const std::vector<std::string> paths = (*space)->ParamPaths();
    const std::vector<std::string> names = ShortNames(paths);
    context.out() << "Space\n";
    for (const v1::Domain& domain : sweep.spec().domains()) {
      const auto at = std::find(paths.begin(), paths.end(), domain.path());
      const std::string name = at == paths.end() ? domain.path() : names[at - paths.begin()];
      const std::string text = domain.has_choice() ? ParamValuesText(**space, domain.path(), 1000) : DomainText(domain);
      context.out() << "  " << format::Printable(name + ": " + text) << "\n";
    }
  }
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

absl::StatusOr<int> Show(Context& context, const std::string& id) {
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(id);
  if (!sweep.ok()) return sweep.status();
  if (context.human()) {
    Print(context, *sweep);
  } else {
    const auto rows = context.Rows(SweepColumns());
    rows->Add(SweepCells(*sweep));
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
              "basin show k3f9 --format json | jq '.[0].trials'",
          .define = [](CLI::App& app) -> Action {
            auto sweep = std::make_shared<std::string>();
            app.add_option("ID", *sweep, "The sweep: its id, the beginning of it, or its name")->required();
            return [sweep](Context& context) { return Show(context, *sweep); };
          }};
}

}  // namespace basin::client::cli
