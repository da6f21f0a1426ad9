#include <algorithm>
#include <string>
#include <utility>

#include "worker/agent/agent.h"

namespace basin::worker::agent {
namespace {

// How long points may take to reach the server before a checkpoint is given up.
constexpr MonoTime kPointsPatience = std::chrono::seconds(10);
constexpr MonoTime kShortestTransfer = std::chrono::seconds(10);
constexpr uint64_t kSlowestBytesPerSecond = 1 << 20;
// For weights that are there already: what takes longer is trained again.
constexpr MonoTime kStoredWeightsPatience = std::chrono::seconds(60);
// Transfers of weights that may take too long before they are given up.
constexpr int kSlowTransfers = 3;
constexpr MonoTime kNever = MonoTime::max();

MonoTime TransferTime(uint64_t bytes) {
  return kShortestTransfer + std::chrono::seconds(bytes / kSlowestBytesPerSecond);
}

template <typename Request>
Request RequestOf(const AttemptKey& key, const std::string& worker_id) {
  Request request;
  request.set_worker_id(worker_id);
  request.set_sweep_id(key.sweep_id);
  request.set_index(key.index);
  request.set_attempt(key.attempt);
  return request;
}

void Note(contract::EventLog* log, contract::LogLevel level, const std::string& message, const AttemptKey& key,
          uint64_t step, uint64_t bytes, const absl::Status& status = {}) {
  const contract::EventLog::Fields fields = {{"sweep", key.sweep_id},  {"trial", key.index},
                                             {"attempt", key.attempt}, {"step", step},
                                             {"bytes", bytes},         {"error", std::string(status.message())}};
  level == contract::LogLevel::kWarning ? log->Warning(message, fields) : log->Info(message, fields);
}

}  // namespace

MonoTime Agent::AskForCheckpoints(MonoTime now) {
  MonoTime next = kNever;
  for (const auto& [key, job] : jobs_) {
    if (!job->next_checkpoint) continue;
    if (*job->next_checkpoint <= now) {
      // Begins anew when the checkpoint is there.
      job->next_checkpoint.reset();
      job->control.RequestCheckpoint();
    } else {
      next = std::min(next, *job->next_checkpoint);
    }
  }
  return next;
}

void Agent::ScheduleCheckpoint(Job& job) {
  const std::chrono::duration<double> interval(job.lease.checkpointing().every_seconds());
  if (interval.count() <= 0) return;
  const Lock lock(mutex_);
  job.next_checkpoint = clock_->Now() + std::chrono::duration_cast<MonoTime>(interval);
  report_.notify_all();
}

absl::Status Agent::Insist(Job& job, const std::function<absl::Status()>& call) {
  Backoff backoff(options_.jitter_seed + 3);
  while (true) {
    absl::Status status = call();
    if (!absl::IsUnavailable(status) && !absl::IsDeadlineExceeded(status)) return status;
    Lock lock(mutex_);
    CallFailed(status);
    WaitFor(lock, room_, backoff.Next(), [&] { return job.control.stopped() || ended_; });
    if (job.control.stopped() || ended_) return status;
  }
}

std::optional<std::string> Agent::LoadCheckpoint(Job& job, absl::Status fault) {
  std::optional<std::string> bytes;
  while (job.lease.has_checkpoint() && !job.control.stopped()) {
    const v1::CheckpointReference& reference = job.lease.checkpoint();
    if (fault.ok()) {
      fault = Insist(job, [&] {
        auto request = RequestOf<v1::DownloadCheckpointRequest>(job.key, "");
        {
          const Lock lock(mutex_);
          request.set_worker_id(worker_id_);
        }
        request.set_sha256(reference.sha256());
        auto answer = client_->DownloadCheckpoint(request, TransferTime(reference.bytes()));
        if (!answer.ok()) return answer.status();
        bytes = *std::move(answer);
        return absl::OkStatus();
      });
      if (fault.ok()) {
        Note(log_, contract::LogLevel::kInfo, "resuming from a checkpoint", job.key, reference.step(),
             reference.bytes());
        break;
      }
      if (job.control.stopped()) break;
    }
    Note(log_, contract::LogLevel::kWarning, "a checkpoint can't be used", job.key, reference.step(), reference.bytes(),
         fault);
    const absl::Status rejected = RejectCheckpoint(job, std::exchange(fault, absl::OkStatus()));
    if (!rejected.ok()) {
      Note(log_, contract::LogLevel::kWarning, "the attempt can't begin", job.key, 0, 0, rejected);
      job.control.Stop();
    }
  }
  ScheduleCheckpoint(job);
  return bytes;
}

absl::Status Agent::RejectCheckpoint(Job& job, const absl::Status& fault) {
  auto request = RequestOf<v1::RejectCheckpointRequest>(job.key, "");
  {
    const Lock lock(mutex_);
    request.set_worker_id(worker_id_);
  }
  request.set_sha256(job.lease.checkpoint().sha256());
  request.set_reason(std::string(fault.message()).substr(0, 1024));
  return Insist(job, [&] {
    const auto answer = client_->RejectCheckpoint(request, kShortestTransfer);
    if (!answer.ok()) return answer.status();
    const Lock lock(mutex_);
    if (answer->has_checkpoint()) {
      *job.lease.mutable_checkpoint() = answer->checkpoint();
    } else {
      job.lease.clear_checkpoint();
    }
    held_.BeginAt(job.key, answer->checkpoint().next_sequence());
    return absl::OkStatus();
  });
}

// Training waits meanwhile: what follows belongs to the next checkpoint.
void Agent::SaveCheckpoint(Job& job, const job::Checkpoint& checkpoint) {
  // Nothing new: stopped before the first step, or before the checkpoint of the lease was there.
  if (checkpoint.step <= job.lease.checkpoint().step()) return;
  const absl::Status uploaded = UploadCheckpoint(job, checkpoint);
  if (uploaded.ok()) {
    Note(log_, contract::LogLevel::kInfo, "checkpoint saved", job.key, checkpoint.step, checkpoint.bytes.size());
  } else if (!absl::IsCancelled(uploaded)) {
    Note(log_, contract::LogLevel::kWarning, "a checkpoint could not be saved; the trial goes on", job.key,
         checkpoint.step, checkpoint.bytes.size(), uploaded);
  }
  ScheduleCheckpoint(job);
}

absl::Status Agent::UploadCheckpoint(Job& job, const job::Checkpoint& checkpoint) {
  auto header = RequestOf<v1::CheckpointHeader>(job.key, "");
  header.set_step(checkpoint.step);
  header.set_bytes(checkpoint.bytes.size());
  MonoTime deadline = TransferTime(checkpoint.bytes.size());
  {
    Lock lock(mutex_);
    std::optional<uint64_t> told;
    WaitFor(lock, room_, leaving() ? options_.farewell : kPointsPatience, [&] {
      told = held_.TellAll(job.key, clock_->Now());
      report_.notify_all();
      return told || ended_ || !held_.Holds(job.key);
    });
    if (ended_ || !held_.Holds(job.key)) return absl::CancelledError("nobody waits for the trial any more");
    if (!told) return absl::UnavailableError("the server has not taken the points before it yet");
    header.set_next_sequence(*told);
    header.set_worker_id(worker_id_);
    if (drain_) deadline = options_.farewell;
  }
  return client_->UploadCheckpoint(header, checkpoint.bytes, deadline);
}

void Agent::SaveWeights(Job& job, const job::Weights& weights) {
  if (!job.weights_bar.IsPassed()) return;
  int slow = 0;
  const absl::Status uploaded = Insist(job, [&] {
    auto header = RequestOf<v1::WeightsHeader>(job.key, "");
    {
      const Lock lock(mutex_);
      header.set_worker_id(worker_id_);
    }
    header.set_step(weights.step);
    header.set_bytes(weights.bytes.size());
    absl::Status status = client_->UploadWeights(header, weights.bytes, TransferTime(weights.bytes.size()));
    if (absl::IsDeadlineExceeded(status) && ++slow == kSlowTransfers) {
      status = absl::AbortedError("the way to the server is too slow for them");
    }
    return status;
  });
  if (uploaded.ok()) {
    Note(log_, contract::LogLevel::kInfo, "weights saved", job.key, weights.step, weights.bytes.size());
  } else if (!job.control.stopped()) {
    Note(log_, contract::LogLevel::kWarning, "the weights could not be saved; the result counts without them", job.key,
         weights.step, weights.bytes.size(), uploaded);
  }
}

void Agent::UseStoredWeights(Job& job, const job::WantedWeights& wanted, const job::UseWeights& use) {
  v1::DownloadWeightsRequest request;
  request.set_workload_digest(wanted.identity.workload_digest);
  request.set_seed(wanted.identity.seed);
  request.set_engine_fingerprint(wanted.identity.engine_fingerprint);
  request.set_dataset(wanted.dataset);
  request.set_data_digest(wanted.identity.data_digest);
  const absl::StatusOr<std::string> bytes = client_->DownloadWeights(request, kStoredWeightsPatience);
  if (job.control.stopped()) return;
  // Nobody keeps them, or the server is older than this call.
  if (absl::IsNotFound(bytes.status()) || absl::IsUnimplemented(bytes.status())) return;
  const absl::Status used = bytes.ok() ? use(*bytes) : bytes.status();
  const uint64_t size = bytes.ok() ? bytes->size() : 0;
  if (used.ok()) {
    Note(log_, contract::LogLevel::kInfo, "stored weights are looked at", job.key, 0, size);
  } else {
    Note(log_, contract::LogLevel::kWarning, "stored weights can't be used; they are trained again", job.key, 0, size,
         used);
  }
}

}  // namespace basin::worker::agent
