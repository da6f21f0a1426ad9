#include "server/store/snapshot_reader.h"

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/progress.h"
#include "server/store/row_values.h"
#include "server/store/views.h"

namespace basin::server::store {
namespace {

class Reader {
 public:
  explicit Reader(Connection& connection) : connection_(connection) {}

  absl::StatusOr<core::Snapshot> Read() {
    absl::Status status = Prepare();
    if (status.ok()) status = ReadSweeps();
    if (status.ok()) status = ReadPins();
    if (status.ok()) status = ReadSkipped();
    if (status.ok()) status = ReadQueued();
    if (status.ok()) status = ReadOpen();
    if (status.ok()) status = ReadWorkers();
    if (!status.ok()) return status;
    return std::move(snapshot_);
  }

 private:
  // What is asked of every open trial.
  absl::Status Prepare();
  absl::Status ReadSweeps();
  absl::Status ReadPins();
  absl::Status ReadSkipped();
  absl::Status ReadQueued();
  absl::Status ReadOpen();
  absl::Status ReadWorkers();
  // What the trial's attempts up to `attempts` have told, in its lineage, before point `end`.
  absl::Status ReadProgress(int64_t sweep, uint64_t trial, uint32_t attempts, uint64_t end, core::Progress* progress);
  // The oldest first.
  absl::Status ReadCheckpoints(int64_t sweep, uint64_t trial, uint32_t attempts,
                               std::vector<core::Checkpoint>* checkpoints);

  core::SweepRecord& Sweep(int64_t key) { return snapshot_.sweeps[position_.at(key)]; }

  Connection& connection_;
  Statement progress_, checkpoints_;
  core::Snapshot snapshot_;
  std::map<int64_t, size_t> position_;  // Of a sweep's key among snapshot_.sweeps.
};

absl::Status Reader::Prepare() {
  absl::StatusOr<Statement> progress = connection_.Prepare(absl::StrCat(
      "SELECT p.sequence, y.text, p.value, p.epoch FROM (SELECT ?3 AS attempts) t CROSS JOIN point p "
      "CROSS JOIN symbol y ON y.key = p.metric WHERE p.sweep = ?1 AND p.trial = ?2 AND p.sequence < ?4 AND ",
      kInLineage, " ORDER BY p.attempt, p.sequence"));
  if (!progress.ok()) return progress.status();
  progress_ = *std::move(progress);
  absl::StatusOr<Statement> checkpoints = connection_.Prepare(
      "SELECT attempt, step, name, bytes, sha256, next_sequence FROM artifact WHERE sweep = ?1 AND trial = ?2 AND "
      "kind = 1 ORDER BY attempt, step");
  if (!checkpoints.ok()) return checkpoints.status();
  checkpoints_ = *std::move(checkpoints);
  return absl::OkStatus();
}

absl::Status Reader::ReadSweeps() {
  return connection_.Each(
      "SELECT key, id, name, state, message, request_id, spec_digest, priority, configs, seeds, maximize, pending, "
      "running, succeeded, diverged, pruned, failed, cancelled, next_index, engine_fingerprint, best_trial, "
      "best_objective, created_at, started_at, ended_at, iif(state <= 2 OR running > 0, spec, NULL), owner, "
      "verified_sweep, verified_trial, verified_worker, reused, runners_up "
      "FROM sweep ORDER BY key",
      [this](const Row& row) -> absl::Status {
        core::SweepRecord record;
        record.id = row.string(1);
        record.name = row.string(2);
        record.state = static_cast<core::SweepState>(row.integer(3));
        record.message = row.string(4);
        record.request_id = row.string(5);
        record.spec_digest = row.string(6);
        record.priority = static_cast<int32_t>(row.integer(7));
        record.configs = row.number(8);
        record.seeds = row.number(9);
        record.maximize = row.integer(10) != 0;
        record.counts = {row.number(11), row.number(12), row.number(13), row.number(14),
                         row.number(15), row.number(16), row.number(17)};
        record.counts.reused = row.number(30);
        if (record.counts.pending > 0) snapshot_.next_index[record.id] = row.number(18);
        record.pins.engine_fingerprint = row.string(19);
        if (!row.is_null(20)) record.best.push_back({row.number(20), row.real(21)});
        if (absl::Status status = UnpackRunnersUp(row.blob(31), &record.best); !status.ok()) return status;
        record.created_at = ReadTime(row, 22).value_or(core::WallTime{});
        record.started_at = ReadTime(row, 23);
        record.ended_at = ReadTime(row, 24);
        record.owner = row.string(26);
        if (const std::string verified = row.string(27); !verified.empty()) {
          record.verifies = core::Verification{{verified, row.number(28)}, row.string(29)};
        }
        if (!row.is_null(25)) {
          const std::string_view bytes = row.blob(25);
          v1::SweepSpec spec;
          if (!spec.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
            return absl::DataLossError(absl::StrCat("the spec of sweep ", record.id, " is damaged"));
          }
          auto definition = core::SweepDefinition::Create(std::move(spec));
          if (!definition.ok()) {
            return absl::DataLossError(absl::StrCat(
                "the spec of sweep ", record.id, " can't be understood: ", std::string(definition.status().message())));
          }
          record.definition = *std::move(definition);
        }
        position_[row.integer(0)] = snapshot_.sweeps.size();
        snapshot_.sweeps.push_back(std::move(record));
        return absl::OkStatus();
      });
}

absl::Status Reader::ReadPins() {
  return connection_.Each("SELECT p.sweep, p.dataset, p.digest FROM sweep s CROSS JOIN sweep_pin p ON p.sweep = s.key",
                          [this](const Row& row) {
                            Sweep(row.integer(0)).pins.digests[row.string(1)] = row.string(2);
                            return absl::OkStatus();
                          });
}

absl::Status Reader::ReadSkipped() {
  return connection_.Each(
      "SELECT k.sweep, k.first, k.last FROM sweep s CROSS JOIN skipped k ON k.sweep = s.key ORDER BY k.sweep, k.first",
      [this](const Row& row) {
        std::vector<uint64_t>& skipped = snapshot_.skipped[Sweep(row.integer(0)).id];
        for (uint64_t index = row.number(1); index <= row.number(2); ++index) skipped.push_back(index);
        return absl::OkStatus();
      });
}

absl::Status Reader::ReadProgress(int64_t sweep, uint64_t trial, uint32_t attempts, uint64_t end,
                                  core::Progress* progress) {
  const std::shared_ptr<const core::SweepDefinition>& definition = Sweep(sweep).definition;
  return progress_.Each(
      [&](const Row& row) {
        const core::Point point{.name = row.string(1),
                                .step = 0,
                                .value = ReadPointValue(row, 2),
                                .epoch = ReadPointValue(row, 3),
                                .examples = 0};
        core::AddPoint(*definition, point, progress);
        progress->next_sequence = row.number(0) + 1;
        return absl::OkStatus();
      },
      sweep, trial, attempts, end);
}

absl::Status Reader::ReadCheckpoints(int64_t sweep, uint64_t trial, uint32_t attempts,
                                     std::vector<core::Checkpoint>* checkpoints) {
  absl::Status status = checkpoints_.Each(
      [&](const Row& row) {
        core::Checkpoint& checkpoint = checkpoints->emplace_back();
        checkpoint.attempt = static_cast<uint32_t>(row.integer(0));
        checkpoint.file = {core::ArtifactKind::kCheckpoint, row.string(2), row.number(1), row.number(3), row.string(4)};
        checkpoint.progress.next_sequence = row.number(5);
        return absl::OkStatus();
      },
      sweep, trial);
  for (core::Checkpoint& checkpoint : *checkpoints) {
    const uint64_t end = checkpoint.progress.next_sequence;
    if (status.ok()) status = ReadProgress(sweep, trial, attempts, end, &checkpoint.progress);
    checkpoint.progress.next_sequence = end;
  }
  return status;
}

absl::Status Reader::ReadQueued() {
  absl::Status status = connection_.Each(
      "SELECT t.sweep, t.idx, t.attempts, t.failures FROM sweep s CROSS JOIN trial t ON t.sweep = s.key AND "
      "t.state = 1 WHERE s.pending > 0 ORDER BY t.sweep, t.idx",
      [this](const Row& row) {
        core::QueuedTrial trial{{Sweep(row.integer(0)).id, row.number(1)},
                                static_cast<uint32_t>(row.integer(2)),
                                static_cast<uint32_t>(row.integer(3))};
        // A sweep that has ended leases nothing; if it goes on, its trials begin at their starts.
        absl::Status read;
        if (Sweep(row.integer(0)).definition != nullptr) {
          read = ReadCheckpoints(row.integer(0), row.number(1), trial.attempts, &trial.checkpoints);
        }
        snapshot_.queued.push_back(std::move(trial));
        return read;
      });
  return status;
}

absl::Status Reader::ReadOpen() {
  return connection_.Each(
      "SELECT t.sweep, t.idx, t.attempts, t.failures, w.id, t.started_at FROM sweep s CROSS JOIN trial t "
      "ON t.sweep = s.key AND t.state = 2 LEFT JOIN worker w ON w.key = t.worker WHERE s.running > 0 "
      "ORDER BY t.sweep, t.idx",
      [&](const Row& row) -> absl::Status {
        const int64_t sweep = row.integer(0);
        core::OpenTrial trial;
        trial.key = {Sweep(sweep).id, row.number(1)};
        trial.attempt = static_cast<uint32_t>(row.integer(2));
        trial.failures = static_cast<uint32_t>(row.integer(3));
        trial.worker = row.string(4);
        trial.started_at = ReadTime(row, 5).value_or(core::WallTime{});
        absl::Status status = ReadProgress(sweep, trial.key.index, trial.attempt, INT64_MAX, &trial);
        if (status.ok()) status = ReadCheckpoints(sweep, trial.key.index, trial.attempt, &trial.checkpoints);
        snapshot_.open.push_back(std::move(trial));
        return status;
      });
}

absl::Status Reader::ReadWorkers() {
  std::map<int64_t, core::WorkerRecord> workers;
  absl::Status status = connection_.Each(
      "SELECT w.key, w.id, w.name, w.version, y.text, w.slots, w.threads_per_trial, w.state, w.connected_at, "
      "w.trials_finished, w.principal FROM worker w JOIN symbol y ON y.key = w.engine_fingerprint WHERE w.state <> 3",
      [&](const Row& row) {
        core::WorkerRecord& worker = workers[row.integer(0)];
        worker.id = row.string(1);
        worker.description.name = row.string(2);
        worker.description.version = row.string(3);
        worker.description.engine_fingerprint = row.string(4);
        worker.description.slots = static_cast<uint32_t>(row.integer(5));
        worker.description.threads_per_trial = static_cast<uint32_t>(row.integer(6));
        worker.state = static_cast<core::WorkerState>(row.integer(7));
        worker.connected_at = ReadTime(row, 8).value_or(core::WallTime{});
        worker.trials_finished = row.number(9);
        worker.description.principal = row.string(10);
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  absl::StatusOr<Statement> datasets = connection_.Prepare("SELECT name, digest FROM worker_dataset WHERE worker = ?1");
  if (!datasets.ok()) return datasets.status();
  for (auto& [key, worker] : workers) {
    status = datasets->Each(
        [&, &worker = worker](const Row& row) {
          worker.description.datasets[row.string(0)] = row.string(1);
          return absl::OkStatus();
        },
        key);
    if (!status.ok()) return status;
    snapshot_.workers.push_back(std::move(worker));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<core::Snapshot> ReadSnapshot(Connection& connection) { return Reader(connection).Read(); }

}  // namespace basin::server::store
