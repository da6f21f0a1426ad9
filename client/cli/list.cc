#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/sweep_text.h"

namespace basin::client::cli {

Command ListCommand() {
  return {.name = "list",
          .group = "Look at sweeps",
          .summary = "List all sweeps, the newest first",
          .example =
              "basin list\n"
              "basin list --format json | jq -r '.[] | select(.state == \"RUNNING\") | .id'",
          .define = [](CLI::App&) -> Action {
            return [](Context& context) -> absl::StatusOr<int> {
              api::Pager<v1::Sweep> sweeps = context.client().Sweeps();
              const auto rows = context.Rows(SweepColumns());
              bool any = false;
              const absl::Status status = sweeps.ForEach([&](const v1::Sweep& sweep) {
                rows->Add(SweepCells(sweep));
                return any = true;
              });
              if (!status.ok()) return status;
              rows->Finish();
              if (!any) context.Note("There are no sweeps yet; `basin submit SPEC` makes one.");
              return api::kOk;
            };
          }};
}

}  // namespace basin::client::cli
