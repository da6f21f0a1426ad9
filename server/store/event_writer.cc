#include "server/store/event_writer.h"

#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/store/outcome_block.h"
#include "server/store/result_finder.h"
#include "server/store/row_values.h"

namespace basin::server::store {
namespace {

EventKind KindOf(core::SweepState state) {
  switch (state) {
    case core::SweepState::kRunning:
      return EventKind::kSweepRunning;
    case core::SweepState::kPaused:
      return EventKind::kSweepPaused;
    case core::SweepState::kFinished:
      return EventKind::kSweepFinished;
    case core::SweepState::kCancelled:
      return EventKind::kSweepCancelled;
    case core::SweepState::kFailed:
      break;
  }
  return EventKind::kSweepFailed;
}

EventKind KindOf(core::WorkerState state) {
  switch (state) {
    case core::WorkerState::kConnected:
      return EventKind::kWorkerConnected;
    case core::WorkerState::kDraining:
      return EventKind::kWorkerDraining;
    case core::WorkerState::kLeft:
      return EventKind::kWorkerLeft;
    case core::WorkerState::kLost:
      break;
  }
  return EventKind::kWorkerLost;
}

// The rows of a map, a list or points: stops at the first error.
template <typename Items, typename Write>
absl::Status ForAll(const Items& items, Write write) {
  for (const auto& item : items) {
    absl::Status status = write(item);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventWriter>> EventWriter::Create(Connection& connection) {
  absl::StatusOr<std::unique_ptr<EventStatements>> sql = EventStatements::Prepare(connection);
  if (!sql.ok()) return sql.status();
  absl::StatusOr<std::unique_ptr<BlockSettler>> settler = BlockSettler::Create(connection);
  if (!settler.ok()) return settler.status();
  return std::unique_ptr<EventWriter>(new EventWriter(connection, *std::move(sql), *std::move(settler)));
}

bool EventWriter::IsDurable(const core::Event& event) {
  return !std::holds_alternative<core::WorkerBlamed>(event) && !std::holds_alternative<core::LeasesRenewed>(event) &&
         !std::holds_alternative<core::DeadlinesPutOff>(event) && !std::holds_alternative<core::LeaseAnswered>(event);
}

absl::Status EventWriter::Write(const core::Event& event) {
  return std::visit([this](const auto& e) { return On(e); }, event);
}

absl::Status EventWriter::Flush() {
  for (auto& [id, sweep] : sweeps_) {
    if (!sweep.changed) continue;
    const core::TrialCounts& c = sweep.counts;
    const std::vector<core::RankedTrial>& best = sweep.best.ranked;
    absl::Status status =
        sql_->save_sweep.Run(sweep.key, c.pending, c.running, c.succeeded, c.diverged, c.pruned, c.failed, c.cancelled,
                             sweep.next_index, best.empty() ? std::nullopt : std::optional(best.front().index),
                             best.empty() ? std::nullopt : std::optional(best.front().objective), sweep.started_at,
                             c.reused, Blob{PackRunnersUp(best)});
    if (!status.ok()) return status;
    status = ForAll(std::exchange(sweep.ended_in, {}), [&, &sweep = sweep](uint64_t block) {
      return settler_->Settle(sweep.key, block, sweep.next_index, c.total());
    });
    if (!status.ok()) return status;
    sweep.changed = false;
  }
  absl::Status status = ForAll(
      finished_by_worker_, [this](const auto& entry) { return sql_->count_finished.Run(entry.first, entry.second); });
  finished_by_worker_.clear();
  return status;
}

void EventWriter::Forget() {
  sweeps_.clear();
  workers_.clear();
  symbols_.clear();
  finished_by_worker_.clear();
}

absl::StatusOr<EventWriter::Sweep*> EventWriter::FindSweep(const core::SweepId& id) {
  const auto known = sweeps_.find(id);
  if (known != sweeps_.end()) return &known->second;
  Sweep sweep;
  absl::Status status = sql_->find_sweep.Each(
      [&](const Row& row) {
        sweep.key = row.integer(0);
        sweep.best.maximize = row.integer(1) != 0;
        sweep.counts = {row.number(2), row.number(3), row.number(4), row.number(5),
                        row.number(6), row.number(7), row.number(8)};
        sweep.next_index = row.number(9);
        if (!row.is_null(10)) sweep.best.ranked.push_back({row.number(10), row.real(11)});
        if (!row.is_null(12)) sweep.started_at = row.integer(12);
        sweep.counts.reused = row.number(13);
        return UnpackRunnersUp(row.blob(14), &sweep.best.ranked);
      },
      id);
  if (!status.ok()) return status;
  if (sweep.key == 0) return absl::InternalError(absl::StrCat("the store has no sweep ", id));
  return &sweeps_.emplace(id, std::move(sweep)).first->second;
}

absl::StatusOr<std::optional<int64_t>> EventWriter::FindWorker(const core::WorkerId& id) {
  if (id.empty()) return std::nullopt;
  const auto known = workers_.find(id);
  if (known != workers_.end()) return known->second;
  std::optional<int64_t> key;
  absl::Status status = sql_->find_worker.Each(
      [&](const Row& row) {
        key = row.integer(0);
        return absl::OkStatus();
      },
      id);
  if (!status.ok()) return status;
  if (key) workers_[id] = *key;
  return key;
}

absl::StatusOr<int64_t> EventWriter::Symbol(const std::string& text) {
  const auto known = symbols_.find(text);
  if (known != symbols_.end()) return known->second;
  int64_t key = 0;
  absl::Status status = sql_->find_symbol.Each(
      [&](const Row& row) {
        key = row.integer(0);
        return absl::OkStatus();
      },
      text);
  if (!status.ok()) return status;
  if (key == 0) {
    status = sql_->add_symbol.Run(text);
    if (!status.ok()) return status;
    key = connection_.last_insert_key();
  }
  // Names come from clients: what is remembered stays small whatever they send.
  constexpr size_t kMostRemembered = 10000;
  if (symbols_.size() >= kMostRemembered) symbols_.clear();
  symbols_[text] = key;
  return key;
}

absl::Status EventWriter::Log(core::WallTime at, EventKind kind, std::optional<int64_t> sweep,
                              std::optional<uint64_t> trial, std::optional<uint32_t> attempt,
                              std::optional<int64_t> worker, const std::string& message) {
  return sql_->add_event.Run(TimeColumn(at), static_cast<int>(kind), sweep, trial, attempt, worker, message);
}

absl::Status EventWriter::On(const core::SweepCreated& event) {
  const core::SweepDefinition& definition = *event.definition;
  const v1::SweepSpec& spec = definition.spec;
  const std::string bytes = spec.SerializeAsString();
  const core::Verification verifies = event.verifies.value_or(core::Verification());
  absl::Status status = sql_->add_sweep.Run(
      event.id, spec.name(), event.request_id, event.spec_digest, Blob{bytes}, definition.objective_metric,
      definition.maximize, spec.priority(), definition.configs, definition.seeds, definition.trials(),
      TimeColumn(event.at), event.owner, verifies.trial.sweep, verifies.trial.index, verifies.worker);
  if (!status.ok()) return status;
  return Log(event.at, EventKind::kSweepCreated, connection_.last_insert_key(), {}, {}, {}, spec.name());
}

absl::Status EventWriter::On(const core::SweepStateChanged& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.id);
  if (!sweep.ok()) return sweep.status();
  const bool ended = event.state != core::SweepState::kRunning && event.state != core::SweepState::kPaused;
  const std::optional<int64_t> ended_at = ended ? TimeColumn(event.at) : std::nullopt;
  absl::Status status =
      sql_->change_sweep_state.Run((*sweep)->key, static_cast<int>(event.state), event.message, ended_at);
  if (!status.ok()) return status;
  return Log(event.at, KindOf(event.state), (*sweep)->key, {}, {}, {}, event.message);
}

absl::Status EventWriter::On(const core::SweepPinned& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.id);
  if (!sweep.ok()) return sweep.status();
  const int64_t key = (*sweep)->key;
  absl::Status status = sql_->set_engine.Run(key, event.pins.engine_fingerprint);
  if (status.ok()) status = sql_->clear_pins.Run(key);
  if (!status.ok()) return status;
  return ForAll(event.pins.digests, [&](const auto& pin) { return sql_->add_pin.Run(key, pin.first, pin.second); });
}

// The rows below the sweep go later, piece by piece (SweepPurge); without the sweep's own row nothing shows them.
absl::Status EventWriter::On(const core::SweepDeleted& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.id);
  if (!sweep.ok()) return sweep.status();
  const int64_t key = (*sweep)->key;
  sweeps_.erase(event.id);
  absl::Status status = sql_->remember_deleted.Run(key);
  if (status.ok()) status = sql_->delete_sweep.Run(key);
  if (status.ok()) status = sql_->clear_pins.Run(key);
  if (status.ok()) status = sql_->clear_skipped.Run(key);
  if (!status.ok()) return status;
  return Log(event.at, EventKind::kSweepDeleted, key, {}, {}, {}, "");
}

// Keeps `skipped` and next_index after a trial was leased for the first time.
absl::Status EventWriter::PassOver(Sweep& sweep, uint64_t leased) {
  if (leased >= sweep.next_index) {
    absl::Status status;
    if (leased > sweep.next_index) status = sql_->add_skipped.Run(sweep.key, sweep.next_index, leased - 1);
    sweep.next_index = leased + 1;
    return status;
  }
  std::optional<std::pair<uint64_t, uint64_t>> run;
  absl::Status status = sql_->find_skipped.Each(
      [&](const Row& row) {
        run.emplace(row.number(0), row.number(1));
        return absl::OkStatus();
      },
      sweep.key, leased);
  if (!status.ok()) return status;
  if (!run || leased > run->second) return absl::InternalError(absl::StrCat("trial ", leased, " was leased before"));
  status = sql_->delete_skipped.Run(sweep.key, run->first);
  if (status.ok() && run->first < leased) status = sql_->add_skipped.Run(sweep.key, run->first, leased - 1);
  if (status.ok() && leased < run->second) status = sql_->add_skipped.Run(sweep.key, leased + 1, run->second);
  return status;
}

absl::Status EventWriter::AddConfig(int64_t sweep, uint64_t config, const std::vector<v1::Param>& params,
                                    const std::string& digest) {
  const std::string bytes = ShortDigest(digest);
  const std::optional<Blob> blob = bytes.empty() ? std::nullopt : std::optional(Blob{bytes});
  absl::Status status = sql_->add_config.Run(sweep, config, blob);
  if (!status.ok()) return status;
  if (connection_.changes() == 0) {
    return blob ? sql_->set_config_digest.Run(sweep, config, blob) : absl::OkStatus();
  }
  int position = 0;
  return ForAll(params, [&](const v1::Param& param) -> absl::Status {
    absl::StatusOr<int64_t> path = Symbol(param.path());
    if (!path.ok()) return path.status();
    const auto add = [&](const auto& value, bool is_bool = false) {
      return sql_->add_param.Run(sweep, config, position++, *path, is_bool, value);
    };
    switch (param.value().kind_case()) {
      case v1::Value::kBoolValue:
        return add(param.value().bool_value(), true);
      case v1::Value::kIntValue:
        return add(static_cast<int64_t>(param.value().int_value()));
      case v1::Value::kDoubleValue:
        return add(param.value().double_value());
      case v1::Value::kStringValue:
        return add(param.value().string_value());
      case v1::Value::KIND_NOT_SET:
        break;
    }
    return add(std::optional<int64_t>());
  });
}

absl::Status EventWriter::On(const core::TrialLeased& event) {
  absl::StatusOr<Sweep*> found = FindSweep(event.key.sweep);
  if (!found.ok()) return found.status();
  Sweep& sweep = **found;
  const bool first_lease = event.attempt == 1;
  if (first_lease) {
    absl::Status status = PassOver(sweep, event.key.index);
    if (status.ok()) status = AddConfig(sweep.key, event.config, event.params, event.workload_digest);
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::optional<int64_t>> worker = FindWorker(event.worker);
  if (!worker.ok()) return worker.status();
  absl::Status status = sql_->lease_trial.Run(sweep.key, event.key.index, event.config, event.seed, event.attempt,
                                              event.failures, *worker, TimeColumn(event.at));
  if (!status.ok()) return status;
  if (!first_lease) {
    status = WriteResumption(sweep.key, event.key.index, event.attempt, event.from);
    // Checkpoints of earlier attempts tell of points that are no longer the trial's when it begins at its start.
    if (status.ok() && !event.from) status = sql_->settle_artifacts.Run(sweep.key, event.key.index, 0);
    if (!status.ok()) return status;
  }
  --sweep.counts.pending;
  ++sweep.counts.running;
  if (!sweep.started_at) sweep.started_at = event.at.count();
  sweep.changed = true;
  return Log(event.at, EventKind::kTrialLeased, sweep.key, event.key.index, event.attempt, *worker, "");
}

absl::Status EventWriter::On(const core::PointsAppended& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  uint64_t sequence = event.first_sequence;
  return ForAll(event.points, [&](const core::Point& point) -> absl::Status {
    absl::StatusOr<int64_t> metric = Symbol(point.name);
    if (!metric.ok()) return metric.status();
    return sql_->add_point.Run((*sweep)->key, event.key.index, event.attempt, sequence++, *metric, point.step,
                               point.value, point.epoch, point.examples);
  });
}

absl::Status EventWriter::On(const core::TrialRequeued& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  absl::Status status = sql_->requeue_trial.Run((*sweep)->key, event.key.index, event.failures, event.message);
  if (status.ok()) status = sql_->drop_weights.Run((*sweep)->key, event.key.index);
  if (!status.ok()) return status;
  --(*sweep)->counts.running;
  ++(*sweep)->counts.pending;
  (*sweep)->changed = true;
  return Log(event.at, EventKind::kTrialRequeued, (*sweep)->key, event.key.index, event.attempt, {}, event.message);
}

absl::Status EventWriter::On(const core::PendingCancelled& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.id);
  if (!sweep.ok()) return sweep.status();
  core::TrialCounts& counts = (*sweep)->counts;
  counts.pending -= event.count;
  counts.cancelled += event.count;
  (*sweep)->next_index = counts.total();
  (*sweep)->changed = true;
  return sql_->clear_skipped.Run((*sweep)->key);
}

absl::Status EventWriter::On(const core::TrialRetried& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  absl::Status status = settler_->Unsettle((*sweep)->key, event.key.index / kBlockTrials);
  if (status.ok()) status = sql_->retry_trial.Run((*sweep)->key, event.key.index, event.attempts);
  if (!status.ok()) return status;
  --(*sweep)->counts.failed;
  ++(*sweep)->counts.pending;
  (*sweep)->changed = true;
  return Log(event.at, EventKind::kTrialRetried, (*sweep)->key, event.key.index, event.attempts, {}, "");
}

absl::Status EventWriter::On(const core::WorkerRegistered& event) {
  const core::WorkerDescription& worker = event.description;
  absl::StatusOr<int64_t> engine = Symbol(worker.engine_fingerprint);
  if (!engine.ok()) return engine.status();
  absl::Status status = sql_->add_worker.Run(event.id, worker.name, worker.version, *engine, worker.slots,
                                             worker.threads_per_trial, TimeColumn(event.at), worker.principal);
  if (!status.ok()) return status;
  const int64_t key = connection_.last_insert_key();
  workers_[event.id] = key;
  status = ForAll(worker.datasets, [&](const auto& set) { return sql_->add_dataset.Run(key, set.first, set.second); });
  if (!status.ok()) return status;
  return Log(event.at, EventKind::kWorkerRegistered, {}, {}, {}, key, "");
}

absl::Status EventWriter::On(const core::WorkerStateChanged& event) {
  absl::StatusOr<std::optional<int64_t>> worker = FindWorker(event.id);
  if (!worker.ok()) return worker.status();
  if (!*worker) return absl::InternalError(absl::StrCat("the store has no worker ", event.id));
  absl::Status status = sql_->change_worker_state.Run(**worker, static_cast<int>(event.state), TimeColumn(event.at));
  if (!status.ok()) return status;
  if (event.state == core::WorkerState::kLeft) workers_.erase(event.id);
  return Log(event.at, KindOf(event.state), {}, {}, {}, **worker, "");
}

absl::Status EventWriter::On(const core::WorkerSetAside& event) {
  absl::StatusOr<std::optional<int64_t>> worker = FindWorker(event.id);
  if (!worker.ok()) return worker.status();
  return Log(event.at, EventKind::kWorkerSetAside, {}, {}, {}, *worker, event.reason);
}

absl::Status EventWriter::On(const core::Audited& event) {
  return sql_->add_audit.Run(TimeColumn(event.at), event.actor, event.action, event.subject);
}

}  // namespace basin::server::store
