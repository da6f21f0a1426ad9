// The commands on workers: workers, drain.
#include <memory>

#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"

namespace basin::client::cli {
namespace {

constexpr char kGroup[] = "The service";

std::vector<format::Column> WorkerColumns() {
  using In = format::Column::In;
  return {
      {.name = "name"},
      {.name = "id"},
      {.name = "state", .color = StateColor},
      {.name = "running"},
      {.name = "slots"},
      {.name = "threads_per_trial", .title = "THREADS/TRIAL"},
      {.name = "trials_finished", .title = "FINISHED"},
      {.name = "silence_seconds", .title = "LAST HEARD"},
      {.name = "connected_at", .in = In::kData},
      {.name = "version", .in = In::kData},
      {.name = "engine_fingerprint", .in = In::kData},
      {.name = "datasets", .shrink = true},
      {.name = "set_aside", .title = "SET ASIDE", .hide_blank = true},
  };
}

std::vector<format::Cell> WorkerCells(const v1::Worker& worker) {
  std::vector<std::string> datasets;
  for (const v1::AvailableDataset& dataset : worker.datasets()) datasets.push_back(dataset.name());
  return {worker.name(),
          worker.id(),
          StateName(worker.state()),
          uint64_t{worker.running()},
          uint64_t{worker.slots()},
          uint64_t{worker.threads_per_trial()},
          uint64_t{worker.trials_finished()},
          SecondsCell(worker.has_silence(), worker.silence()),
          TimeCell(worker.has_connected_at(), worker.connected_at()),
          worker.version(),
          worker.engine_fingerprint(),
          datasets,
          worker.set_aside()};
}

absl::StatusOr<int> List(Context& context) {
  const auto rows = context.Rows(WorkerColumns());
  api::Pager<v1::Worker> workers = context.client().Workers();
  bool any = false;
  const absl::Status status = workers.ForEach([&](const v1::Worker& worker) {
    rows->Add(WorkerCells(worker));
    return any = true;
  });
  if (!status.ok()) return status;
  rows->Finish();
  context.out().flush();
  if (!any) {
    context.Note("No worker has connected; start one with `basin-worker --server " + context.address() + "`.");
  }
  return api::kOk;
}

absl::StatusOr<int> Drain(Context& context, const std::string& name) {
  const absl::StatusOr<v1::Worker> worker = context.client().DrainWorker(name);
  if (!worker.ok()) return worker.status();
  if (!context.human()) {
    const auto rows = context.Rows(WorkerColumns());
    rows->Add(WorkerCells(*worker));
    rows->Finish();
  }
  context.Note(worker->name() + " gets no more trials; it leaves when " +
               (worker->running() > 0 ? "the " + format::Count(worker->running(), "trial") + " it runs has ended"
                                      : std::string("it next asks for work")));
  return api::kOk;
}

}  // namespace

Command WorkersCommand() {
  return {.name = "workers",
          .group = kGroup,
          .summary = "List workers: their state, slots and data sets",
          .example =
              "basin workers\n"
              "basin workers --format json | jq '[.[].slots] | add'",
          .define = [](CLI::App&) -> Action { return [](Context& context) { return List(context); }; }};
}

Command DrainCommand() {
  return {.name = "drain",
          .group = kGroup,
          .summary = "Let a worker finish what it runs and leave",
          .example = "basin drain worker-1",
          .define = [](CLI::App& app) -> Action {
            auto worker = std::make_shared<std::string>();
            app.add_option("WORKER", *worker, "The worker: its name, its id or the beginning of its id")->required();
            return [worker](Context& context) { return Drain(context, *worker); };
          }};
}

}  // namespace basin::client::cli
