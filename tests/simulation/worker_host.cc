#include "tests/simulation/worker_host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.
using std::chrono::milliseconds;
using std::chrono::seconds;

WorkerHost::WorkerHost(World* world, CoordinatorHost* coordinator, WorkerDescription description)
    : world_(*world), network_(world, coordinator), dice_(world->dice.Fork()), description_(std::move(description)) {}

void WorkerHost::Start() {
  ++life_;
  alive_ = true;
  leaving_ = false;
  id_.clear();
  jobs_.clear();
  lease_request_.clear();
  registering_ = leasing_ = reporting_ = unregistering_ = 0;
  world_.Note(absl::StrCat(description_.name, " starts"));
  Register();
  Later(dice_.Between(MonoTime{}, kLease / 3), [this] { Heartbeat(); });
}

void WorkerHost::Crash(bool for_good) {
  if (!alive_ && !for_good) return;
  ++world_.result.worker_crashes;
  world_.Note(absl::StrCat(description_.name, " crashes"));
  ++life_;
  alive_ = false;
  if (!for_good) ComeBack();
}

void WorkerHost::ComeBack() {
  world_.timeline.After(dice_.Between(milliseconds(100), seconds(20)), [this, life = life_] {
    if (life == life_) Start();
  });
}

void WorkerHost::Stop() {
  stopped_until_ = world_.timeline.now() + dice_.Between(seconds(1), kLease * 3);
  world_.Note(absl::StrCat(description_.name, " is stopped"));
}

void WorkerHost::Leave() {
  if (!alive_ || leaving_) return;
  world_.Note(absl::StrCat(description_.name, " leaves"));
  leaving_ = true;
  for (auto& [key, job] : jobs_) {
    if (!job.outcome) job.outcome = OutcomeOf(OutcomeKind::kReleased, key.first, key.second, job.leased_to);
  }
  // Either with the outcomes, or at once: the server queues again what the worker still holds.
  if (dice_.Chance(0.5)) jobs_.clear();
  if (jobs_.empty()) {
    Unregister();
  } else {
    SendReport();
  }
}

void WorkerHost::Guard(uint64_t life, std::function<void()> action) {
  if (life != life_) return;
  const MonoTime wait = stopped_until_ - world_.timeline.now();
  if (wait <= MonoTime{}) return action();
  world_.timeline.After(wait, [this, life, action = std::move(action)] { Guard(life, action); });
}

void WorkerHost::Later(MonoTime delay, std::function<void()> action) {
  world_.timeline.After(delay, [this, life = life_, action = std::move(action)] { Guard(life, action); });
}

void WorkerHost::Call(Command command, uint64_t* outstanding,
                      std::function<void(const absl::StatusOr<Reply>&)> answered, std::function<void()> again) {
  const uint64_t call = ++calls_;
  *outstanding = call;
  network_.Call(std::move(command), [this, life = life_, call, outstanding, answered](absl::StatusOr<Reply> reply) {
    Guard(life, [call, outstanding, answered, reply = std::move(reply)] {
      if (*outstanding != call) return;
      *outstanding = 0;
      answered(reply);
    });
  });
  Later(dice_.Between(seconds(2), seconds(5)), [call, outstanding, again = std::move(again)] {
    if (*outstanding != call) return;
    *outstanding = 0;
    again();
  });
}

void WorkerHost::Register() {
  if (registering_ != 0) return;
  Call(
      RegisterWorker{"", description_}, &registering_,
      [this](const absl::StatusOr<Reply>& reply) {
        if (!reply.ok()) return Later(Backoff(), [this] { Register(); });
        id_ = std::get<WorkerReply>(*reply).id;
        LeaseMore();
      },
      [this] { Register(); });
}

void WorkerHost::LeaseMore() {
  if (leaving_ || id_.empty() || leasing_ != 0) return;
  // Now and then more than it has slots for.
  if (lease_request_.empty()) ahead_ = dice_.Below(4) == 0 ? description_.slots : 0;
  const uint32_t room = description_.slots + ahead_;
  if (jobs_.size() >= room) return Later(milliseconds(300), [this] { LeaseMore(); });
  if (lease_request_.empty()) lease_request_ = absl::StrCat(description_.name, "-", life_, "-", calls_);
  LeaseTrials command{id_, room - static_cast<uint32_t>(jobs_.size()), lease_request_};
  command.ahead = ahead_;
  Call(
      std::move(command), &leasing_,
      [this, asker = id_](const absl::StatusOr<Reply>& reply) { TakeLeases(asker, reply); }, [this] { LeaseMore(); });
}

void WorkerHost::TakeLeases(const WorkerId& asker, const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) {
    if (absl::IsNotFound(reply.status())) {
      // The server decides what becomes of the trials at hand.
      id_.clear();
      lease_request_.clear();
      return Register();
    }
    return Later(Backoff(), [this] { LeaseMore(); });
  }
  lease_request_.clear();
  const auto& answer = std::get<LeaseReply>(*reply);
  for (const LeaseReply::Lease& lease : answer.leases) {
    const Keys key{lease.key, lease.attempt};
    world_.checker.OnLeased(asker, lease.key, lease.attempt);
    if (jobs_.contains(key)) continue;
    Job job;
    job.leased_to = asker;
    job.plan = PlanOf(world_.works.at(lease.definition->spec.name()), lease.key, lease.attempt);
    world_.Note(absl::StrCat(description_.name, " runs ", Text(lease.key, lease.attempt)));
    jobs_.emplace(key, std::move(job));
    Begin(key, lease.from);
    Later(jobs_.at(key).plan.epoch, [this, key] { Train(key); });
  }
  if (answer.drain) return Leave();
  Later(answer.leases.empty() ? dice_.Between(milliseconds(300), seconds(2)) : milliseconds(10),
        [this] { LeaseMore(); });
}

void WorkerHost::Begin(const Keys& key, const std::optional<Checkpoint>& from) {
  Job& job = jobs_.at(key);
  job.damaged.clear();
  job.made = job.acked = from ? from->progress.next_sequence : 0;
  job.epochs = job.made / kPointsPerEpoch;
  if (!from) return;
  const std::string expected = CheckpointOf(key.first, from->attempt, job.made).sha256;
  if (from->file.sha256 != expected) {
    world_.checker.Fail(absl::StrCat("I6: ", Text(key.first, key.second), " goes on from ", from->file.sha256,
                                     " as if it were ", expected));
  }
  ++world_.result.resumed;
  if (!dice_.Chance(world_.healed ? 0 : world_.faults.damaged)) return;
  job.damaged = from->file.sha256;
  ++world_.result.rejected_checkpoints;
  Reject(key);
}

void WorkerHost::Reject(const Keys& key) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end() || found->second.damaged.empty() || id_.empty()) return;
  const std::string sha256 = found->second.damaged;
  network_.Call(RejectCheckpoint{id_, key.first, key.second, sha256},
                [this, life = life_, key, sha256](const absl::StatusOr<Reply>& reply) {
                  Guard(life, [this, key, sha256, reply] {
                    const auto job = jobs_.find(key);
                    if (job == jobs_.end() || job->second.damaged != sha256) return;
                    if (reply.ok()) Begin(key, std::get<RejectReply>(*reply).from);
                    if (absl::IsAborted(reply.status()) || absl::IsNotFound(reply.status())) jobs_.erase(job);
                  });
                });
  Later(dice_.Between(seconds(2), seconds(5)), [this, key] { Reject(key); });
}

void WorkerHost::Save(const Keys& key, uint64_t epoch) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end() || found->second.epochs != epoch || found->second.outcome || id_.empty()) return;
  const Job& job = found->second;
  // The server must have the points that were told before it. It must refuse a worker that does not care.
  if (job.acked < job.made && !dice_.Chance(0.2)) {
    SendReport();
    return Later(milliseconds(300), [this, key, epoch] { Save(key, epoch); });
  }
  network_.Call(AddCheckpoint{id_, key.first, key.second, job.made, CheckpointOf(key.first, key.second, job.made)},
                [this, key, points = job.made](const absl::StatusOr<Reply>& reply) {
                  if (reply.ok()) world_.checker.OnCheckpointAccepted(key.first, key.second, points);
                });
}

void WorkerHost::Train(const Keys& key) {
  const auto found = jobs_.find(key);
  if (found == jobs_.end() || found->second.outcome) return;
  Job& job = found->second;
  if (!job.plan.hangs && job.damaged.empty()) {
    job.made += kPointsPerEpoch;
    if (++job.epochs == job.plan.epochs) {
      job.outcome = OutcomeOf(job.plan.end, key.first, key.second, job.leased_to);
      return SendReport();
    }
    if (dice_.Chance(job.plan.saves)) Save(key, job.epochs);
  }
  Later(job.plan.epoch, [this, key] { Train(key); });
}

void WorkerHost::Heartbeat() {
  SendReport();
  Later(dice_.Between(kLease / 4, kLease / 3), [this] { Heartbeat(); });
}

void WorkerHost::SendReport() {
  if (leaving_ && jobs_.empty()) return Unregister();  // The last one was lost on another way than a report.
  if (id_.empty() || reporting_ != 0) return;
  Report report{id_, {}};
  for (const auto& [key, job] : jobs_) {
    if (!job.damaged.empty() && !job.outcome) continue;
    TrialReport trial{key.first, key.second, job.acked, {}, job.outcome, std::nullopt};
    // Now and then from further back than need be, as after a lost answer; and from too far on, by mistake.
    if (job.acked > 0 && dice_.Chance(0.1)) --trial.first_sequence;
    if (job.acked + 1 < job.made && dice_.Chance(0.05)) ++trial.first_sequence;
    for (uint64_t i = trial.first_sequence; i < job.made; ++i) {
      trial.points.push_back(PointOf(key.first, key.second, i));
    }
    report.trials.push_back(std::move(trial));
  }
  // A job of an older attempt may be at hand beside the newer one; one report names a trial once.
  for (size_t i = 1; i < report.trials.size();) {
    if (report.trials[i - 1].key == report.trials[i].key) {
      report.trials.erase(report.trials.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  if (dice_.Chance(world_.healed ? 0 : world_.faults.impostor)) PretendToRunAnothers(&report);
  Call(
      report, &reporting_, [this, report](const absl::StatusOr<Reply>& reply) { TakeResults(report, reply); },
      [this] { SendReport(); });
}

void WorkerHost::PretendToRunAnothers(Report* report) {
  for (const auto& [id, sweep] : world_.checker.sweeps()) {
    for (const auto& [index, trial] : sweep.trials) {
      const TrialKey key{id, index};
      const bool named = std::ranges::any_of(report->trials, [&key](const auto& mine) { return mine.key == key; });
      if (!trial.running || trial.worker == id_ || named || !dice_.Chance(0.3)) continue;
      TrialReport lie{key, trial.attempt, trial.next_sequence, {}, std::nullopt, std::nullopt};
      lie.outcome = OutcomeOf(OutcomeKind::kDiverged, key, trial.attempt, id_);
      report->trials.push_back(std::move(lie));
      return;
    }
  }
}

void WorkerHost::TakeResults(const Report& report, const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) {
    if (!absl::IsNotFound(reply.status())) return Later(Backoff(), [this] { SendReport(); });
    id_.clear();
    lease_request_.clear();
    if (leaving_) return Unregister();
    return Register();
  }
  const auto& answer = std::get<ReportReply>(*reply);
  for (size_t i = 0; i < report.trials.size(); ++i) TakeResult(report.trials[i], answer.results.at(i));
  if (leaving_ && jobs_.empty()) return Unregister();
  if (answer.drain) return Leave();
  const bool more = std::ranges::any_of(jobs_, [](const auto& job) { return job.second.outcome.has_value(); });
  if (more) SendReport();
}

void WorkerHost::TakeResult(const TrialReport& sent, const ReportReply::Result& result) {
  const Keys key{sent.key, sent.attempt};
  const std::string text = Text(sent.key, sent.attempt);
  const auto job = jobs_.find(key);
  if (result.directive == Directive::kLost || result.directive == Directive::kStop) {
    ++world_.result.refused_reports;
    world_.Note(absl::StrCat(description_.name, " drops ", text));
    if (absl::IsAlreadyExists(result.status) && job != jobs_.end()) {
      world_.checker.Fail(absl::StrCat("I2: the only outcome of its attempt was told to be another: ", text));
    }
    if (sent.outcome && result.directive == Directive::kLost) {
      world_.checker.OnOutcomeRefused(sent.key, sent.attempt, *sent.outcome);
    }
    if (job != jobs_.end()) jobs_.erase(job);
    return;
  }
  const bool skipped = sent.first_sequence > result.next_sequence;
  if (skipped && absl::IsOutOfRange(result.status)) return;
  if (!result.status.ok()) {
    return world_.checker.Fail(absl::StrCat("a correct report was refused: ", text, ": ", result.status.ToString()));
  }
  world_.checker.OnPointsAccepted(sent.key, sent.attempt, result.next_sequence);
  if (sent.outcome) {
    world_.Note(absl::StrCat(description_.name, " has reported ", text));
    world_.checker.OnOutcomeAccepted(sent.key, sent.attempt, *sent.outcome);
    if (job != jobs_.end()) jobs_.erase(job);
  } else if (job != jobs_.end()) {
    job->second.acked = std::max(job->second.acked, std::min(result.next_sequence, job->second.made));
  }
}

void WorkerHost::Unregister() {
  if (unregistering_ != 0) return;
  const auto gone = [this] {
    ++life_;
    alive_ = false;
    ComeBack();
  };
  // Said once: whoever does not hear it finds out.
  if (id_.empty()) return gone();
  Call(
      UnregisterWorker{id_}, &unregistering_, [gone](const absl::StatusOr<Reply>&) { gone(); }, gone);
}

}  // namespace basin::tests::simulation
