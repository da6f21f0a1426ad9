#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/event_writer.h"
#include "server/store/outcome_block.h"
#include "server/store/row_values.h"

namespace basin::server::store {
namespace {

using core::TrialState;

EventKind KindOf(TrialState end) {
  switch (end) {
    case TrialState::kSucceeded:
      return EventKind::kTrialSucceeded;
    case TrialState::kDiverged:
      return EventKind::kTrialDiverged;
    case TrialState::kPruned:
      return EventKind::kTrialPruned;
    case TrialState::kFailed:
      return EventKind::kTrialFailed;
    default:
      return EventKind::kTrialCancelled;
  }
}

}  // namespace

struct EventWriter::Result {
  std::optional<int64_t> data, engine;
  std::string packed;
  std::optional<Blob> metrics() const { return packed.empty() ? std::nullopt : std::optional(Blob{packed}); }
};

absl::StatusOr<EventWriter::Result> EventWriter::ResultColumns(const core::Outcome& outcome,
                                                               const std::map<std::string, double>& metrics) {
  Result result;
  for (const auto& [text, symbol] :
       {std::pair(&outcome.data_digest, &result.data), {&outcome.engine_fingerprint, &result.engine}}) {
    if (text->empty()) continue;
    absl::StatusOr<int64_t> key = Symbol(*text);
    if (!key.ok()) return key.status();
    *symbol = *key;
  }
  std::vector<std::pair<uint32_t, double>> last;
  for (const auto& [name, value] : metrics) {
    absl::StatusOr<int64_t> key = Symbol(name);
    if (!key.ok()) return key.status();
    last.emplace_back(static_cast<uint32_t>(*key), value);
  }
  if (!last.empty()) result.packed = PackMetrics(last);
  return result;
}

absl::Status EventWriter::On(const core::TrialReused& event) {
  absl::StatusOr<Sweep*> found = FindSweep(event.key.sweep);
  if (!found.ok()) return found.status();
  Sweep& sweep = **found;
  const uint64_t index = event.key.index;
  const core::Outcome& outcome = event.result.outcome;
  absl::Status status = PassOver(sweep, index);
  if (status.ok()) status = AddConfig(sweep.key, event.config, event.params, event.workload_digest);
  if (!status.ok()) return status;
  absl::StatusOr<Result> result = ResultColumns(outcome, event.result.metrics);
  if (!result.ok()) return result.status();
  const bool same_message = outcome.message == event.message;
  status = sql_->reuse_trial.Run(
      sweep.key, index, event.config, event.seed, static_cast<int>(event.state), TimeColumn(event.at),
      NanAsText{event.objective}, event.message, static_cast<int>(outcome.kind),
      same_message ? std::nullopt : std::optional(outcome.message), outcome.duration.count(), outcome.weights_digest,
      result->data, result->engine, result->metrics(), event.result.trial);
  if (status.ok() && event.result.weights) {
    const core::Artifact& file = *event.result.weights;
    status = sql_->add_artifact.Run(sweep.key, index, static_cast<int>(file.kind), 0, file.step, file.name, file.bytes,
                                    file.sha256, 0, TimeColumn(event.at));
  }
  if (!status.ok()) return status;
  sweep.ended_in.insert(index / kBlockTrials);
  --sweep.counts.pending;
  ++sweep.counts.Of(event.state);
  ++sweep.counts.reused;
  if (!sweep.started_at) sweep.started_at = event.at.count();
  if (event.state == TrialState::kSucceeded) sweep.best.Add(index, event.objective);
  sweep.changed = true;
  return Log(event.at, EventKind::kTrialReused, sweep.key, index, {}, {}, absl::StrCat("from ", event.result.trial));
}

absl::Status EventWriter::On(const core::TrialFinished& event) {
  absl::StatusOr<Sweep*> found = FindSweep(event.key.sweep);
  if (!found.ok()) return found.status();
  Sweep& sweep = **found;
  const uint64_t index = event.key.index;
  std::optional<TrialState> before;
  absl::Status status = sql_->find_trial.Each(
      [&](const Row& row) {
        before = static_cast<TrialState>(row.integer(0));
        return absl::OkStatus();
      },
      sweep.key, index);
  if (!status.ok()) return status;
  if (before != TrialState::kPending && before != TrialState::kRunning) {
    return absl::InternalError(absl::StrCat("trial ", event.key.sweep, "/", index, " ended that was not open"));
  }

  const core::Outcome outcome = event.outcome.value_or(core::Outcome{});
  absl::StatusOr<Result> result = ResultColumns(outcome, event.metrics);
  if (!result.ok()) return result.status();
  const bool same_message = outcome.message == event.message;
  status = sql_->finish_trial.Run(sweep.key, index, static_cast<int>(event.state), event.attempt, event.next_sequence,
                                  TimeColumn(event.at), NanAsText{event.objective}, event.message,
                                  event.outcome ? static_cast<int>(outcome.kind) : 0,
                                  same_message ? std::nullopt : std::optional(outcome.message),
                                  event.outcome ? std::optional<int64_t>(outcome.duration.count()) : std::nullopt,
                                  outcome.weights_digest, result->data, result->engine, result->metrics());
  // Of a result, the weights of its attempt stay; of anything else no file.
  const bool is_result = event.state == TrialState::kSucceeded || event.state == TrialState::kDiverged;
  if (status.ok()) status = sql_->settle_artifacts.Run(sweep.key, index, is_result ? event.attempt : 0);
  if (!status.ok()) return status;

  sweep.ended_in.insert(index / kBlockTrials);
  --sweep.counts.Of(*before);
  ++sweep.counts.Of(event.state);
  if (event.state == TrialState::kSucceeded) sweep.best.Add(index, event.objective);
  sweep.changed = true;
  absl::StatusOr<std::optional<int64_t>> worker = FindWorker(event.worker);
  if (!worker.ok()) return worker.status();
  if (event.outcome && *worker) ++finished_by_worker_[**worker];
  return Log(event.at, KindOf(event.state), sweep.key, index, event.attempt, *worker, event.message);
}

}  // namespace basin::server::store
