#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "worker/agent/agent.h"
#include "worker/agent/outcome.h"

namespace basin::worker::agent {
namespace {

constexpr uint32_t kMostTrialsACall = 1024;
// A server that answers "nothing" without waiting is not asked again at once.
constexpr MonoTime kPause = std::chrono::milliseconds(100);

// A trial is short if it is done within this time.
constexpr MonoTime kShort = std::chrono::milliseconds(200);
// How long a call that asks for trials beyond the slots may wait: soon they may not be short any more, and what was
// handed back is not to come again.
constexpr MonoTime kLeaseWaitAhead = std::chrono::milliseconds(250);

v1::LeaseTrialsRequest MakeRequest(const std::string& worker_id, uint32_t max_trials, uint32_t ahead, MonoTime wait,
                                   uint64_t number) {
  v1::LeaseTrialsRequest request;
  request.set_worker_id(worker_id);
  request.set_max_trials(std::min(max_trials + ahead, kMostTrialsACall));
  request.set_ahead(ahead);
  request.mutable_wait()->set_seconds(wait.count() / 1'000'000'000);
  request.mutable_wait()->set_nanos(static_cast<int32_t>(wait.count() % 1'000'000'000));
  request.set_request_id(absl::StrCat("lease-", number));
  return request;
}

}  // namespace

// A call for work is always under way, even while every slot is busy: the server counts the slots, so that it can
// answer a waiting call in the same commit in which it accepts the outcome that frees one. A slot then waits for one
// round trip, not two; and for none where trials are short, for then the next ones are here already (Ahead).
void Agent::LeaseUntilLeaving() {
  uint64_t calls = 0;
  std::optional<v1::LeaseTrialsRequest> request;  // Repeated as it is until it is answered.
  Lock lock(mutex_);
  while (true) {
    control_.wait(lock, [this] { return leaving() || !worker_id_.empty(); });
    if (leaving()) return;
    if (!request || request->worker_id() != worker_id_) {
      const uint32_t ahead = Ahead();
      const MonoTime wait = ahead > 0 ? std::min(options_.lease_wait, kLeaseWaitAhead) : options_.lease_wait;
      request = MakeRequest(worker_id_, options_.registration.slots(), ahead, wait, ++calls);
    }
    const MonoTime deadline = options_.lease_wait + CallDeadline();
    const uint64_t leases_ended = leases_ended_;
    const MonoTime asked = clock_->Now();
    lock.unlock();
    const auto answer = client_->Lease(*request, deadline);
    if (absl::IsNotFound(answer.status())) {
      log_->Warning("the server does not know this worker any more", {{"worker", request->worker_id()}});
      EnsureRegistered(request->worker_id());
    }
    lock.lock();
    if (answer.ok()) {
      lease_backoff_.Reset();
      request.reset();
      TakeAnswer(*answer);
      if (answer->trials().empty() && clock_->Now() - asked < kPause) {
        WaitFor(lock, control_, kPause, [&] { return leaving() || leases_ended_ != leases_ended; });
      }
    } else if (!absl::IsNotFound(answer.status()) && !leaving()) {
      CallFailed(answer.status());
      WaitFor(lock, control_, lease_backoff_.Next(LongestRetryWait()), [this] { return leaving(); });
    }
  }
}

void Agent::TakeAnswer(const v1::LeaseTrialsResponse& answer) {
  Connected();
  const MonoTime now = clock_->Now();
  for (const v1::LeasedTrial& lease : answer.trials()) {
    auto job = std::make_shared<Job>(AttemptKey{lease.sweep_id(), lease.index(), lease.attempt()}, lease);
    job->leased = now;
    const HeldTrials::Added added = held_.Add(job->key, now);
    if (!added.added) continue;
    if (added.superseded) {
      ApplyChange({*added.superseded, HeldTrials::Change::Kind::kLost, "a later attempt has begun"});
    }
    if (lease.has_checkpoint()) held_.BeginAt(job->key, lease.checkpoint().next_sequence());
    if (drain_) job->control.Stop();
    log_->Info("leased", {{"sweep", lease.sweep_id()},
                          {"trial", static_cast<int64_t>(lease.index())},
                          {"attempt", static_cast<int64_t>(lease.attempt())},
                          {"seed", static_cast<int64_t>(lease.seed())}});
    jobs_.emplace(job->key, job);
    queued_.push_back(std::move(job));
    work_.notify_one();
  }
  if (!queued_.empty()) report_.notify_all();  // They are not to wait for long.
  if (answer.drain()) FinishAndLeave();
}

uint32_t Agent::Ahead() const {
  if (!last_run_ || *last_run_ > kShort) return 0;
  const MonoTime now = clock_->Now();
  for (const auto& [key, job] : jobs_) {
    if (job->begun && now - *job->begun > kShort) return 0;
  }
  return options_.registration.slots();
}

MonoTime Agent::HandBackWaiting(MonoTime longest) {
  const MonoTime now = clock_->Now();
  while (!queued_.empty() && now - queued_.front()->leased >= longest) {
    const JobPtr job = std::move(queued_.front());
    queued_.pop_front();
    job::JobResult unbegun;
    unbegun.outcome = job::JobOutcome::kStopped;
    held_.Finish(job->key, ToOutcome(unbegun, options_.registration.engine_fingerprint(), MonoTime::zero()), now);
    jobs_.erase(job->key);
    log_->Info("handing back: no slot falls free soon",
               {{"sweep", job->key.sweep_id}, {"trial", job->key.index}, {"attempt", job->key.attempt}});
    control_.notify_all();
  }
  return queued_.empty() ? MonoTime::max() : queued_.front()->leased + longest;
}

}  // namespace basin::worker::agent
