// The commands that change a sweep's state: pause, resume, cancel, retry, rm.
#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

constexpr char kGroup[] = "Steer sweeps";

// A command on one sweep.
Command Change(std::string name, std::string summary, std::string example,
               std::function<absl::StatusOr<int>(Context&, const std::string&)> act) {
  return {.name = std::move(name),
          .group = kGroup,
          .summary = std::move(summary),
          .example = std::move(example),
          .define = [act = std::move(act)](CLI::App& app) -> Action {
            auto sweep = std::make_shared<std::string>();
            app.add_option("ID", *sweep, "The sweep: its id, the beginning of it, or its name")->required();
            return [sweep, act](Context& context) { return act(context, *sweep); };
          }};
}

// Says what became of the sweep: in words, and as a row where rows were asked for.
int Report(Context& context, const v1::Sweep& sweep, const std::string& words) {
  if (!context.human()) {
    const auto rows = context.Rows(SweepColumns());
    rows->Add(SweepCells(sweep));
    rows->Finish();
  }
  context.Note(sweep.name() + " (" + sweep.id() + ") " + words);
  return api::kOk;
}

}  // namespace

Command PauseCommand() {
  return Change("pause", "Start no more trials of a sweep; those that run go on to their end", "basin pause k3f9",
                [](Context& context, const std::string& id) -> absl::StatusOr<int> {
                  const auto sweep = context.client().PauseSweep(id);
                  if (!sweep.ok()) return sweep.status();
                  return Report(
                      context, *sweep,
                      "is paused" + (sweep->trials().running() > 0
                                         ? "; " + format::Count(sweep->trials().running(), "trial") + " still running"
                                         : std::string()));
                });
}

Command ResumeCommand() {
  return Change("resume", "Go on with a paused sweep", "basin resume k3f9",
                [](Context& context, const std::string& id) -> absl::StatusOr<int> {
                  const auto sweep = context.client().ResumeSweep(id);
                  if (!sweep.ok()) return sweep.status();
                  return Report(context, *sweep, "goes on");
                });
}

Command CancelCommand() {
  return Change("cancel", "End a sweep now; running trials are stopped, results so far are kept", "basin cancel k3f9",
                [](Context& context, const std::string& id) -> absl::StatusOr<int> {
                  const auto sweep = context.client().CancelSweep(id);
                  if (!sweep.ok()) return sweep.status();
                  return Report(context, *sweep, "is cancelled");
                });
}

Command RetryCommand() {
  return Change("retry", "Queue a sweep's failed trials again; nothing else is touched",
                "basin trials k3f9 --state failed\nbasin retry k3f9",
                [](Context& context, const std::string& id) -> absl::StatusOr<int> {
                  const auto response = context.client().RetrySweep(id);
                  if (!response.ok()) return response.status();
                  const uint64_t n = response->requeued();
                  return Report(
                      context, response->sweep(),
                      n == 0 ? "has no failed trials" : "goes on; " + format::Count(n, "trial") + " queued again");
                });
}

Command RmCommand() {
  return Change("rm", "Delete a sweep that has ended, with all its results; asks nothing",
                "basin cancel k3f9; basin rm k3f9", [](Context& context, const std::string& id) -> absl::StatusOr<int> {
                  const absl::Status status = context.client().DeleteSweep(id);
                  if (!status.ok()) return status;
                  context.Note(id + " is deleted");
                  return api::kOk;
                });
}

}  // namespace basin::client::cli
