#include <unistd.h>

#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/local_cluster.h"
#include "client/cli/local_dirs.h"
#include "client/cli/number_check.h"
#include "client/cli/shell_word.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

constexpr double kStopSeconds = 15;
constexpr double kLookSeconds = 0.5;

struct Options {
  uint32_t workers = 1;
  std::string data_dir;
  std::string listen = "127.0.0.1:7077";
  std::string datasets_dir;
};

// What starts the same service again.
std::string CommandLine(const std::filesystem::path& data_dir, const Options& options) {
  std::string command = "basin up --data-dir " + ShellWord(data_dir.string());
  if (options.workers != Options().workers) command += " --workers " + std::to_string(options.workers);
  if (options.listen != Options().listen) command += " --listen " + ShellWord(options.listen);
  if (!options.datasets_dir.empty()) command += " --datasets-dir " + ShellWord(options.datasets_dir);
  return command;
}

absl::StatusOr<int> Up(Context& context, const Options& options) {
  const absl::StatusOr<std::filesystem::path> data_dir =
      options.data_dir.empty() ? DefaultDir(context.environment(), "basin") : AbsoluteDir(options.data_dir);
  if (!data_dir.ok()) return data_dir.status();
  // A second Ctrl-C ends this process at once, and with it, by their parent's death, the others.
  Interrupt interrupt([](int count) {
    if (count > 1) _exit(api::kInterrupted);
  });
  auto cluster = LocalCluster::Start({.program_dir = context.environment().program_dir,
                                      .data_dir = *data_dir,
                                      .listen = options.listen,
                                      .workers = options.workers,
                                      .datasets_dir = options.datasets_dir,
                                      .outlives_workers = true},
                                     interrupt);
  if (interrupt.requested()) return api::kInterrupted;
  if (!cluster.ok()) return cluster.status();

  const std::string address = (*cluster)->address();
  if (context.human()) {
    context.out() << address << std::endl;
  } else {
    const auto rows = context.Rows({{.name = "address"}, {.name = "data_dir"}, {.name = "workers"}});
    rows->Add({address, data_dir->string(), uint64_t{options.workers}});
    rows->Finish();
    context.out().flush();
  }
  const bool usual = address == "127.0.0.1:7077";
  context.Note("A coordinator listens on " + address + ", with " + format::Count(options.workers, "worker") + " on " +
               format::Count(UsableCores(), "core") + ".");
  context.Note("Data and logs are in " + data_dir->string());
  context.Note("Submit a sweep from another terminal: basin submit SPEC --watch" +
               (usual ? "" : " --server " + address));
  context.Note("More workers: basin-worker --server " + address + ". Ctrl-C stops all of it; nothing is lost.");

  absl::Status status;
  while (!interrupt.WaitFor(kLookSeconds)) {
    status = (*cluster)->Check([&](const std::string& words) { context.Warn(words); });
    if (!status.ok()) break;
  }
  const absl::Status stopped = (*cluster)->Stop(kStopSeconds);
  if (!stopped.ok()) context.Warn(std::string(stopped.message()));
  if (!status.ok()) return status;
  context.Note("Stopped. To go on where it was: " + CommandLine(*data_dir, options));
  return api::kInterrupted;
}

}  // namespace

Command UpCommand() {
  return {.name = "up",
          .group = "Run sweeps",
          .summary = "A coordinator and workers on this machine until Ctrl-C",
          .example =
              "basin up\n"
              "basin up --workers 2 --data-dir ./service --listen 127.0.0.1:7100",
          .define = [](CLI::App& app) -> Action {
            auto options = std::make_shared<Options>();
            app.add_option("--workers", options->workers, "Worker processes, which share the cores; the default is 1")
                ->option_text("N")
                ->check(WholeNumber(1, 256));
            app.add_option("--data-dir", options->data_dir,
                           "Where the coordinator keeps all sweeps; the default is ~/.local/state/basin")
                ->option_text("DIR");
            app.add_option("--listen", options->listen, "The coordinator's address; the default is 127.0.0.1:7077")
                ->option_text("HOST:PORT");
            app.add_option("--datasets-dir", options->datasets_dir,
                           "Where data sets lie; the default is ~/.local/share/basin/data")
                ->option_text("DIR");
            return [options](Context& context) { return Up(context, *options); };
          },
          .own_server = true};
}

}  // namespace basin::client::cli
