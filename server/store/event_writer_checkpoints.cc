#include "server/store/event_writer.h"
#include "server/store/row_values.h"

namespace basin::server::store {

absl::Status EventWriter::WriteResumption(int64_t sweep, uint64_t trial, uint32_t attempt,
                                          const std::optional<core::Checkpoint>& from) {
  return sql_->add_resumption.Run(sweep, trial, attempt, from ? from->progress.next_sequence : 0,
                                  from ? from->file.step : 0);
}

absl::Status EventWriter::On(const core::CheckpointAdded& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  const int64_t key = (*sweep)->key;
  const core::Artifact& file = event.checkpoint.file;
  absl::Status status = sql_->add_artifact.Run(key, event.key.index, static_cast<int>(file.kind),
                                               event.checkpoint.attempt, file.step, file.name, file.bytes, file.sha256,
                                               event.checkpoint.progress.next_sequence, TimeColumn(event.at));
  if (!status.ok()) return status;
  return sql_->supersede_checkpoints.Run(key, event.key.index, core::kCheckpointsKept);
}

absl::Status EventWriter::On(const core::CheckpointRejected& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  const int64_t key = (*sweep)->key;
  absl::Status status = sql_->delete_artifact.Run(key, event.key.index, event.rejected.file.sha256,
                                                  static_cast<int>(event.rejected.file.kind));
  if (!status.ok()) return status;
  return WriteResumption(key, event.key.index, event.attempt, event.from);
}

absl::Status EventWriter::On(const core::WeightsAdded& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  const int64_t key = (*sweep)->key;
  absl::Status status = sql_->drop_weights.Run(key, event.key.index);
  if (!status.ok()) return status;
  return sql_->add_artifact.Run(key, event.key.index, static_cast<int>(event.file.kind), event.attempt, event.file.step,
                                event.file.name, event.file.bytes, event.file.sha256, 0, TimeColumn(event.at));
}

absl::Status EventWriter::On(const core::WeightsDropped& event) {
  absl::StatusOr<Sweep*> sweep = FindSweep(event.key.sweep);
  if (!sweep.ok()) return sweep.status();
  return sql_->drop_weights.Run((*sweep)->key, event.key.index);
}

}  // namespace basin::server::store
