#include "client/cli/watch.h"

#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/interrupt.h"
#include "client/cli/progress.h"
#include "client/cli/sweep_text.h"

namespace basin::client::cli {
namespace {

absl::StatusOr<int> RunWatch(Context& context, const std::string& sweep) {
  if (context.human()) return Watch(context, sweep, context.environment().out_terminal_width, context.out());
  // The rows are the data; what is drawn on the way is for people.
  const absl::StatusOr<int> code = Watch(context, sweep, context.environment().err_terminal_width, context.err());
  if (!code.ok() || *code == api::kInterrupted) return code;
  const absl::StatusOr<v1::Sweep> ended = context.client().GetSweep(sweep);
  if (!ended.ok()) return ended.status();
  const auto rows = context.Rows(SweepColumns());
  rows->Add(SweepCells(*ended));
  rows->Finish();
  return code;
}

}  // namespace

absl::StatusOr<int> Watch(Context& context, const std::string& id, size_t terminal_width, std::ostream& out) {
  api::Client& client = context.client();
  Interrupt interrupt([&client](int) { client.Interrupt(); });
  const FollowOptions options{.out = &out,
                              .terminal_width = terminal_width,
                              .color = context.ColorOn(terminal_width),
                              .quiet = context.quiet()};
  const absl::StatusOr<v1::Sweep> sweep = FollowSweep(client, id, interrupt, options);
  if (interrupt.requested() && !sweep.ok()) {
    context.Note("No longer watching; the sweep goes on. `basin watch " + id + "` comes back to it, `basin cancel " +
                 id + "` stops it.");
    return api::kInterrupted;
  }
  if (!sweep.ok()) return sweep.status();
  context.Note("`basin results " + sweep->id() + "` compares its configs.");
  return ExitCodeOfSweep(*sweep);
}

Command WatchCommand() {
  return {.name = "watch",
          .group = "Look at sweeps",
          .summary = "Follow a sweep to its end; exit 1 if any trial failed",
          .example =
              "basin watch k3f9\n"
              "basin watch digits-batch-vs-schedule       # a name that only one sweep has\n"
              "basin watch k3f9 > progress.log            # plain lines",
          .define = [](CLI::App& app) -> Action {
            auto sweep = std::make_shared<std::string>();
            app.add_option("ID", *sweep, "The sweep: its id, the beginning of it, or its name")->required();
            return [sweep](Context& context) { return RunWatch(context, *sweep); };
          }};
}

}  // namespace basin::client::cli
