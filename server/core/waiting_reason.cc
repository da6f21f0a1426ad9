#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/field_text.h"
#include "server/core/pending_trials.h"
#include "server/core/placement.h"
#include "server/core/state.h"

namespace basin::server::core {
namespace {

std::string Short(const std::string& digest) { return digest.substr(0, 12); }

std::string NoWorker(bool draining) {
  return absl::StrCat(draining ? "every connected worker is draining" : "no worker is connected",
                      "; start one with `basin-worker --server HOST:PORT`");
}

// What it is that ran, and what else can be done than to run the like: a verification can't be submitted anew.
std::string Ran(const SweepRecord& sweep) {
  if (!sweep.verifies) return "its trials";
  return absl::StrCat("trial ", ToText(sweep.verifies->trial));
}
std::string OrElse(const SweepRecord& sweep) { return sweep.verifies ? "" : ", or submit the sweep again"; }

std::string NoEngine(const SweepRecord& sweep, const SweepPins& pins) {
  return absl::StrCat(Ran(sweep), " ran on engine ", Short(pins.engine_fingerprint),
                      "; no connected worker has that engine: start one of the same version", OrElse(sweep));
}

std::string NoData(const SweepRecord& sweep, const SweepPins& pins,
                   const std::vector<const WorkerDescription*>& workers, const std::string& dataset) {
  for (const WorkerDescription* worker : workers) {
    if (!worker->datasets.contains(dataset)) continue;
    return absl::StrCat(Ran(sweep), " ran on the data set '", dataset, "' with digest ",
                        Short(pins.digests.at(dataset)), "; the connected workers have another '", dataset,
                        "': put the same files on a worker's machine and restart the worker", OrElse(sweep));
  }
  if (dataset.rfind(contract::kSyntheticPrefix, 0) == 0) {
    return absl::StrCat("no connected worker can make the data set '", dataset, "'; start one of this version");
  }
  std::vector<std::string> others;
  for (const WorkerDescription* worker : workers) {
    for (const auto& [name, digest] : worker->datasets) others.push_back(name);
  }
  const std::string near = contract::NearestName(dataset, others);
  return absl::StrCat("no connected worker has the data set '", dataset, "'",
                      near.empty() ? "" : absl::StrCat(" (did you mean '", near, "'?)"),
                      "; put its files below a worker's data dir (`deploy/fetch-dataset mnist` does it for MNIST) "
                      "and restart the worker");
}

}  // namespace

std::string State::WaitingReason(const SweepId& id) const {
  const SweepEntry* sweep = FindSweep(id);
  if (sweep == nullptr || sweep->record.state != SweepState::kRunning) return "";
  if (sweep->record.counts.pending == 0 || !sweep->running.empty()) return "";

  std::vector<const WorkerDescription*> workers;
  bool draining = false;
  for (const auto& [worker_id, worker] : workers_) {
    if (worker.record.state == WorkerState::kConnected) workers.push_back(&worker.record.description);
    draining = draining || worker.record.state == WorkerState::kDraining;
  }
  if (workers.empty()) return NoWorker(draining);

  const SweepPins pins = PinsInForce(*sweep);
  std::erase_if(workers, [&pins](const WorkerDescription* worker) { return !HasEngine(pins, *worker); });
  if (workers.empty()) return NoEngine(sweep->record, pins);

  // Several data sets only when they are what the sweep compares; each is asked for once.
  const SweepDefinition& definition = *sweep->record.definition;
  std::set<std::string> missing;
  std::string first;
  const auto runnable = [&](uint64_t index) {
    const std::string dataset = definition.space->DatasetOf(definition.ConfigOf(index));
    if (missing.contains(dataset)) return false;
    for (const WorkerDescription* worker : workers) {
      if (HasData(pins, *worker, dataset)) return true;
    }
    if (missing.empty()) first = dataset;
    missing.insert(dataset);
    return false;
  };
  if (PendingTrials(*sweep, settings_.look_ahead).Next(runnable)) return "";
  return NoData(sweep->record, pins, workers, first);
}

}  // namespace basin::server::core
