#include <algorithm>
#include <string>

#include "worker/agent/agent.h"

namespace basin::worker::agent {

void Agent::ReportUntilEnd() {
  Lock lock(mutex_);
  while (!ended_) {
    if (worker_id_.empty()) {
      report_.wait(lock, [this] { return ended_ || !worker_id_.empty(); });
      continue;
    }
    const MonoTime waiting_due = HandBackWaiting(kLongestWaiting);
    const MonoTime due = std::max(held_.NextDue(), report_not_before_);
    const MonoTime checkpoint_due = AskForCheckpoints(clock_->Now());
    if (clock_->Now() < due) {
      clock_->WaitUntil(lock, report_, std::min({due, checkpoint_due, waiting_due}));
    } else {
      ReportOnce(lock);
    }
  }
}

void Agent::ReportOnce(Lock& lock) {
  const MonoTime sent_at = clock_->Now();
  v1::ReportRequest request = held_.NextReport(sent_at);
  request.set_worker_id(worker_id_);
  const MonoTime deadline = CallDeadline();
  lock.unlock();
  auto answer = client_->Report(request, deadline);
  if (absl::IsNotFound(answer.status())) {
    log_->Warning("the server does not know this worker any more", {{"worker", request.worker_id()}});
    EnsureRegistered(request.worker_id());
    lock.lock();
    return;
  }
  lock.lock();
  absl::Status status = answer.status();
  if (answer.ok()) {
    const auto changes = held_.TakeAnswer(request, sent_at, *answer, clock_->Now());
    status = changes.status();
    if (changes.ok()) {
      report_backoff_.Reset();
      Connected();
      for (const HeldTrials::Change& change : *changes) ApplyChange(change);
      if (answer->drain() || finish_) FinishAndLeave();
      room_.notify_all();
      control_.notify_all();
    }
  }
  if (!status.ok()) {
    CallFailed(status);
    report_not_before_ = clock_->Now() + report_backoff_.Next(LongestRetryWait());
  }
}

void Agent::ApplyChange(const HeldTrials::Change& change) {
  using Kind = HeldTrials::Change::Kind;
  const contract::EventLog::Fields fields = {{"sweep", change.key.sweep_id},
                                             {"trial", change.key.index},
                                             {"attempt", change.key.attempt},
                                             {"reason", change.message}};
  if (!held_.Holds(change.key)) ++leases_ended_;
  switch (change.kind) {
    case Kind::kAccepted:
      log_->Debug("accepted", fields);
      return;
    case Kind::kStopped:
      log_->Info("stopped", fields);
      break;
    case Kind::kLost:
      log_->Warning("lost", fields);
      break;
    case Kind::kRefused:
      log_->Error("refused", fields);
      break;
  }
  if (const auto it = jobs_.find(change.key); it != jobs_.end()) it->second->control.Stop();
}

}  // namespace basin::worker::agent
