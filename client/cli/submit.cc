#include <memory>

#include "client/api/exit_code.h"
#include "client/api/request_id.h"
#include "client/cli/commands.h"
#include "client/cli/param_names.h"
#include "client/cli/spec_source.h"
#include "client/cli/sweep_text.h"
#include "client/cli/watch.h"
#include "client/format/human.h"
#include "proto/contract/field_path.h"
#include "proto/contract/space.h"

namespace basin::client::cli {
namespace {

constexpr uint64_t kConfigsShown = 10;

struct Options {
  std::string spec;
  bool watch = false;
  bool dry_run = false;
};

// Shows what would be submitted; needs no server.
absl::StatusOr<int> DryRun(Context& context, const v1::SweepSpec& spec) {
  const auto space = contract::Space::Create(spec);
  if (!space.ok()) return space.status();
  const uint64_t configs = (*space)->size();
  const std::string size = spec.name() + ": " + SizeText(configs, contract::SeedCount(spec.seeds()));
  const uint64_t shown = std::min(configs, kConfigsShown);
  const std::string first = shown < configs ? "; the first " + std::to_string(shown) + " configs:" : ":";
  if (context.human()) {
    context.out() << size << (configs == 1 ? "" : first) << "\n";
  } else {
    context.Note(size + first);
  }

  const std::vector<std::string> paths = (*space)->ParamPaths();
  const std::vector<std::string> names = ShortNames(paths);
  std::vector<format::Column> columns = {{.name = "config"}};
  for (size_t i = 0; i < paths.size(); ++i) columns.push_back({.name = names[i], .json = {"params", paths[i]}});
  const auto rows = context.Rows(columns);
  for (uint64_t config = 0; config < shown; ++config) {
    std::vector<format::Cell> cells(columns.size());
    cells[0] = config;
    for (const v1::Param& param : (*space)->Params(config)) {
      for (size_t i = 0; i < paths.size(); ++i) {
        if (paths[i] == param.path()) cells[i + 1] = format::CellFromText(contract::FormatValue(param.value()));
      }
    }
    rows->Add(cells);
  }
  rows->Finish();
  return api::kOk;
}

absl::StatusOr<int> Submit(Context& context, const Options& options) {
  const absl::StatusOr<v1::SweepSpec> spec = LoadSpec(options.spec, *context.environment().in);
  if (!spec.ok()) return spec.status();
  if (options.dry_run) return DryRun(context, *spec);

  const absl::StatusOr<v1::Sweep> created = context.client().CreateSweep(*spec, api::RandomRequestId());
  if (!created.ok()) return created.status();
  if (context.human()) {
    context.out() << created->id() << std::endl;
  } else {
    const auto rows = context.Rows(SweepColumns());
    rows->Add(SweepCells(*created));
    rows->Finish();
    context.out().flush();
  }
  context.Note(created->name() + ": " + SizeText(created->configs(), created->seeds()) + " queued");
  if (options.watch) return Watch(context, created->id(), context.environment().err_terminal_width, context.err());

  // What keeps it from running is known only after the server has looked for workers.
  const absl::StatusOr<v1::Sweep> sweep = context.client().GetSweep(created->id());
  if (sweep.ok() && !sweep->waiting().empty()) context.Warn("waiting: " + sweep->waiting());
  return api::kOk;
}

}  // namespace

Command SubmitCommand() {
  return {.name = "submit",
          .group = "Run sweeps",
          .summary = "Queue a sweep; prints its id",
          .example =
              "basin submit sweep.yaml\n"
              "basin submit sweep.yaml --dry-run          # what it would compute; needs no server\n"
              "basin submit sweep.yaml --watch\n"
              "id=$(basin submit sweep.yaml --quiet) && basin watch $id && basin results $id",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("SPEC", options->spec, "The sweep file (YAML or JSON); - reads standard input")
                ->required()
                ->option_text("SPEC");
            app.add_flag("--watch", options->watch, "Follow it to its end; exit 1 if any trial failed");
            app.add_flag("--dry-run", options->dry_run, "Check it and show its size and first configs; submit nothing");
            return [options](Context& context) { return Submit(context, *options); };
          }};
}

}  // namespace basin::client::cli
