#include <algorithm>
#include <filesystem>
#include <memory>
#include <sstream>

#include "client/api/request_id.h"
#include "client/cli/commands.h"
#include "client/cli/local_cluster.h"
#include "client/cli/local_dirs.h"
#include "client/cli/local_sweep.h"
#include "client/cli/new_file.h"
#include "client/cli/number_check.h"
#include "client/cli/results.h"
#include "client/cli/shell_word.h"
#include "client/cli/spec_source.h"
#include "client/cli/sweep_text.h"
#include "proto/contract/space.h"

namespace basin::client::cli {
namespace {

struct Options {
  std::string spec;
  uint32_t workers = 1;
  std::string data_dir;
  std::string datasets_dir;
};

// Where a sweep that came by standard input is kept beside its results, so that a command can name it.
constexpr char kKeptSpec[] = "from-standard-input.yaml";

// What goes on with the same run.
std::string CommandLine(const std::string& spec, const std::filesystem::path& data_dir, const Options& options) {
  std::string command = "basin run " + ShellWord(spec) + " --data-dir " + ShellWord(data_dir.string());
  if (options.workers != Options().workers) command += " --workers " + std::to_string(options.workers);
  if (!options.datasets_dir.empty()) command += " --datasets-dir " + ShellWord(options.datasets_dir);
  return command;
}

absl::Status KeepSpec(const std::string& text, const std::filesystem::path& path) {
  if (const absl::Status made = MakeDataDir(path.parent_path()); !made.ok()) return made;
  NewFile file(path);
  file.stream() << text;
  return file.Finish();
}

absl::StatusOr<int> Run(Context& context, const Options& options) {
  const std::string text = options.spec == "-" ? ReadSpecText(*context.environment().in) : "";
  std::istringstream copy(text);
  const absl::StatusOr<v1::SweepSpec> spec = LoadSpec(options.spec, copy);
  if (!spec.ok()) return spec.status();
  const absl::StatusOr<std::filesystem::path> data_dir =
      options.data_dir.empty()
          ? DefaultDir(context.environment(), "basin-runs/" + spec->name() + "-" + api::RandomRequestId().substr(0, 6))
          : AbsoluteDir(options.data_dir);
  if (!data_dir.ok()) return data_dir.status();
  const auto space = contract::Space::Create(*spec);
  if (!space.ok()) return space.status();
  std::string file = options.spec;
  if (file == "-") {
    file = (*data_dir / kKeptSpec).string();
    if (const absl::Status kept = KeepSpec(text, file); !kept.ok()) return kept;
  }
  const uint64_t trials = (*space)->size() * contract::SeedCount(spec->seeds());

  const std::string again = CommandLine(file, *data_dir, options);
  // With fewer trials than cores, each trial gets several.
  const auto slots = static_cast<uint32_t>(std::min<uint64_t>(trials, UsableCores()));
  return OnLocalCluster(context,
                        {.program_dir = context.environment().program_dir,
                         .data_dir = *data_dir,
                         .workers = options.workers,
                         .slots = slots,
                         .datasets_dir = options.datasets_dir},
                        again, [&](const RunLocalSweep& run_sweep) -> absl::StatusOr<int> {
                          const absl::StatusOr<v1::Sweep> sweep = run_sweep(*spec);
                          if (!sweep.ok()) return sweep.status();
                          const absl::Status printed = PrintResults(context, {.sweep = sweep->id()});
                          if (!printed.ok()) return printed;
                          if (sweep->trials().failed() > 0) context.Note("To try the failed trials again: " + again);
                          context.Note("To look at it again: basin up --data-dir " + ShellWord(data_dir->string()));
                          return ExitCodeOfSweep(*sweep);
                        });
}

}  // namespace

Command RunCommand() {
  return {.name = "run",
          .group = "Run sweeps",
          .summary = "All in one: run a sweep on this machine and print its results",
          .example =
              "basin run sweep.yaml\n"
              "basin run sweep.yaml --workers 2 --data-dir ./my-run    # run again after Ctrl-C: it goes on\n"
              "basin run sweep.yaml --format json > results.json",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("SPEC", options->spec, "The sweep file (YAML or JSON); - reads standard input")
                ->required()
                ->option_text("SPEC");
            app.add_option("--workers", options->workers, "Worker processes, which share the cores; the default is 1")
                ->option_text("N")
                ->check(WholeNumber(1, 256));
            app.add_option(
                   "--data-dir", options->data_dir,
                   "Where the coordinator keeps the sweep; the default is a new one in ~/.local/state/basin-runs")
                ->option_text("DIR");
            app.add_option("--datasets-dir", options->datasets_dir,
                           "Where data sets lie; the default is ~/.local/share/basin/data")
                ->option_text("DIR");
            return [options](Context& context) { return Run(context, *options); };
          },
          .own_server = true};
}

}  // namespace basin::client::cli
