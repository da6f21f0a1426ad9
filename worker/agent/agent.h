#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "basin/v1/worker_service.pb.h"
#include "proto/contract/event_log.h"
#include "worker/agent/backoff.h"
#include "worker/agent/clock.h"
#include "worker/agent/coordinator_client.h"
#include "worker/agent/held_trials.h"
#include "worker/agent/weights_bar.h"
#include "worker/job/job.h"

namespace basin::worker::agent {

struct AgentOptions {
  // What the server is told: name, slots, threads per trial, data sets, fingerprint. The protocol version is filled in.
  v1::RegisterWorkerRequest registration;
  // Computes one trial; job::RunJob outside of tests. Called on `slots` threads at once.
  std::function<job::JobResult(const v1::Workload&, uint64_t seed, const job::JobContext&)> run_job;
  const data::Catalog* catalog = nullptr;
  // For log lines.
  std::string server;
  ReportingRules reporting;
  // How long a call for work may wait on the server.
  MonoTime lease_wait = std::chrono::seconds(20);
  // How long a leaving worker tries to hand its leases back.
  MonoTime farewell = std::chrono::seconds(5);
  // Of the random part of waits between tries.
  uint64_t jitter_seed = 0;
};

// A worker's life: registers, leases trials for its slots, runs each on a thread of its own, reports for all of them
// together, and leaves. While the server is away it trains on, keeps what it has to say (bounded: then trials wait),
// and comes back with growing, random pauses of at most 5 s; if the server no longer knows it, it registers again and
// the server decides what becomes of the trials it holds.
class Agent {
 public:
  // `client`, `clock` and `log` outlive the agent.
  Agent(AgentOptions options, CoordinatorClient* client, Clock* clock, contract::EventLog* log);
  ~Agent();

  // Blocks until the worker has left: OK after Drain, or after the server asked it to finish and leave; the server's
  // answer if it refuses this worker for good (another protocol version, a bad name). Call once.
  absl::Status Run();

  // Stops every job at its next step, hands the leases back, leaves. From any thread, any number of times; not from a
  // signal handler.
  void Drain();

 private:
  // How long a trial waits for a slot before it is handed back.
  static constexpr MonoTime kLongestWaiting = std::chrono::milliseconds(500);

  struct Job {
    Job(AttemptKey attempt, const v1::LeasedTrial& leased_trial)
        : key(std::move(attempt)), lease(leased_trial), weights_bar(leased_trial) {}

    const AttemptKey key;
    v1::LeasedTrial lease;
    WeightsBar weights_bar;  // On the thread of the job.
    job::JobControl control;
    // Guarded by mutex_.
    std::optional<MonoTime> next_checkpoint;  // Set while it trains and saves by time.
    MonoTime leased{};
    std::optional<MonoTime> begun;  // In a slot.
  };
  using JobPtr = std::shared_ptr<Job>;
  using Lock = std::unique_lock<std::mutex>;

  // Leasing, on the thread of Run (agent_lease.cc).
  void LeaseUntilLeaving();
  void TakeAnswer(const v1::LeaseTrialsResponse& answer);
  // REQUIRES: mutex_ is held. How many trials to take beyond the slots: as many, while trials are so short that a call
  // between two of them would cost something.
  uint32_t Ahead() const;
  // REQUIRES: mutex_ is held. Hands back trials that have waited so long for a slot; when the next one will have.
  MonoTime HandBackWaiting(MonoTime longest);

  // Slots, a thread each (agent_slot.cc).
  void RunSlot();
  void RunTrial(Job& job);
  void AppendPoints(Job& job, std::span<const v1::MetricPoint> points);

  // Checkpoints and weights, on the thread of their job (agent_checkpoint.cc).
  std::optional<std::string> LoadCheckpoint(Job& job, absl::Status fault);
  // Asks for another one than that of the lease. Not OK: the attempt can't go on.
  absl::Status RejectCheckpoint(Job& job, const absl::Status& fault);
  void ScheduleCheckpoint(Job& job);
  void SaveCheckpoint(Job& job, const job::Checkpoint& checkpoint);
  absl::Status UploadCheckpoint(Job& job, const job::Checkpoint& checkpoint);
  // Final weights, as far as they can be stored: the result counts without them.
  void SaveWeights(Job& job, const job::Weights& weights);
  // Final weights of another trial, if the server has them.
  void UseStoredWeights(Job& job, const job::WantedWeights& wanted, const job::UseWeights& use);
  // Makes a call until it is answered, or the job is to stop.
  absl::Status Insist(Job& job, const std::function<absl::Status()>& call);
  // REQUIRES: mutex_ is held. Asks the jobs whose time has come for checkpoints; when the next one's comes.
  MonoTime AskForCheckpoints(MonoTime now);

  // Reporting, on one thread (agent_report.cc).
  void ReportUntilEnd();
  void ReportOnce(Lock& lock);
  void ApplyChange(const HeldTrials::Change& change);

  // Registers if the worker's id is still `known`, trying until it works, the worker drains, or it is refused for good.
  void EnsureRegistered(const std::string& known);
  void TakeRegistration(const v1::RegisterWorkerResponse& answer);
  void Leave();

  // REQUIRES of the rest: mutex_ is held.
  void Connected();
  void CallFailed(const absl::Status& status);
  void FinishAndLeave();
  void StopJobs();
  void EndThreads();
  bool leaving() const { return drain_ || finish_; }
  MonoTime CallDeadline() const;
  // The longest wait before a failed call is tried again. A server that comes back gives what was leased a whole lease
  // time from then on: it must be found again well within it.
  MonoTime LongestRetryWait() const;
  // Waits until done() or `duration` has passed.
  void WaitFor(Lock& lock, std::condition_variable& changed, MonoTime duration, const std::function<bool()>& done);

  const AgentOptions options_;
  CoordinatorClient* const client_;
  Clock* const clock_;
  contract::EventLog* const log_;

  std::mutex register_mutex_;  // One registration at a time; taken before mutex_.
  Backoff register_backoff_;   // Guarded by register_mutex_.
  Backoff lease_backoff_;      // Of the leasing thread alone.
  Backoff report_backoff_;     // Of the reporting thread alone.

  std::mutex mutex_;
  std::condition_variable work_;     // A job is queued, or the end.
  std::condition_variable report_;   // Something may be due earlier than thought, or the end.
  std::condition_variable control_;  // A job or a lease has ended, or the worker leaves.
  std::condition_variable room_;     // Points may be buffered again, or a job is to stop.
  HeldTrials held_;
  std::deque<JobPtr> queued_;
  std::map<AttemptKey, JobPtr> jobs_;  // Queued or running.
  std::string worker_id_;              // Empty: not known to the server.
  MonoTime lease_term_{};
  MonoTime report_not_before_{};
  uint64_t leases_ended_ = 0;
  std::optional<MonoTime> last_run_;  // How long the last trial took that was computed here.
  bool connected_ = false;
  bool drain_ = false;    // Hand everything back.
  bool finish_ = false;   // Finish what runs.
  bool ended_ = false;    // Threads end.
  absl::Status failure_;  // Why the server refuses this worker.
};

}  // namespace basin::worker::agent
