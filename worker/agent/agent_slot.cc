#include <string>
#include <utility>

#include "worker/agent/agent.h"
#include "worker/agent/outcome.h"

namespace basin::worker::agent {
namespace {

std::string NameOf(v1::TrialOutcome::Kind kind) {
  const std::string name = v1::TrialOutcome::Kind_Name(kind);
  return name.substr(std::string("KIND_").size());
}

double Seconds(MonoTime duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void Agent::RunSlot() {
  Lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return ended_ || !queued_.empty(); });
    if (ended_) return;
    const JobPtr job = std::move(queued_.front());
    queued_.pop_front();
    job->begun = clock_->Now();
    lock.unlock();
    RunTrial(*job);
    lock.lock();
  }
}

void Agent::RunTrial(Job& job) {
  const MonoTime started = clock_->Now();
  job::JobResult result;
  if (job.control.stopped()) {
    result.outcome = job::JobOutcome::kStopped;
  } else {
    job::JobContext context;
    context.catalog = options_.catalog;
    context.threads = static_cast<int>(options_.registration.threads_per_trial());
    context.report = [this, &job](std::span<const v1::MetricPoint> points) { AppendPoints(job, points); };
    context.control = &job.control;
    context.load_checkpoint = [this, &job](const absl::Status& fault) { return LoadCheckpoint(job, fault); };
    context.save_checkpoint = [this, &job](const job::Checkpoint& checkpoint) { SaveCheckpoint(job, checkpoint); };
    if (job.lease.keep_weights()) {
      context.save_weights = [this, &job](const job::Weights& weights) { SaveWeights(job, weights); };
    }
    context.use_stored_weights = [this, &job](const job::WantedWeights& wanted, const job::UseWeights& use) {
      UseStoredWeights(job, wanted, use);
    };
    context.checkpoint_epochs = job.lease.checkpointing().every_epochs();
    result = options_.run_job(job.lease.workload(), job.lease.seed(), context);
  }
  const MonoTime now = clock_->Now();
  v1::TrialOutcome outcome = ToOutcome(result, options_.registration.engine_fingerprint(), now - started);
  const contract::EventLog::Fields fields = {{"sweep", job.key.sweep_id},
                                             {"trial", job.key.index},
                                             {"attempt", job.key.attempt},
                                             {"outcome", NameOf(outcome.kind())},
                                             {"duration_s", Seconds(now - started)},
                                             {"first_step", result.first_step},
                                             {"reason", outcome.message()}};
  const Lock lock(mutex_);
  if (result.outcome != job::JobOutcome::kStopped) last_run_ = now - started;
  // Not held any more: the server has said why.
  if (held_.Finish(job.key, std::move(outcome), now)) {
    log_->Info(result.outcome == job::JobOutcome::kStopped ? "handing back" : "finished", fields);
  }
  jobs_.erase(job.key);
  report_.notify_all();
  control_.notify_all();
}

void Agent::AppendPoints(Job& job, std::span<const v1::MetricPoint> points) {
  job.weights_bar.Add(points);
  Lock lock(mutex_);
  // The server has been away for so long that the buffer is full: train on when it is back.
  room_.wait(lock, [&] { return held_.HasRoom() || job.control.stopped() || ended_; });
  const MonoTime before = held_.NextDue();
  held_.Append(job.key, points, clock_->Now());
  if (held_.NextDue() < before) report_.notify_all();
}

}  // namespace basin::worker::agent
