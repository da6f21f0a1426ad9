#include "tests/simulation/coordinator_host.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/core/invariants.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr MonoTime kTick = kLease / 8;

Settings SimulatedSettings() {
  Settings settings;
  settings.lease = kLease;
  settings.look_ahead = 4;
  return settings;
}

}  // namespace

CoordinatorHost::CoordinatorHost(World* world) : world_(*world), dice_(world->dice.Fork()) { Start(); }

Now CoordinatorHost::Now() const {
  const server::core::Now now{world_.timeline.now() + mono_base_, world_.timeline.now() + wall_offset_};
  return world_.mutant != nullptr && world_.mutant->trusts_wall_clock ? server::core::Now{now.wall, now.wall} : now;
}

void CoordinatorHost::Start() {
  ++life_;
  // A monotonic clock means nothing to the next run of the server.
  mono_base_ = dice_.Between(MonoTime{}, std::chrono::hours(1000));
  Reload();
  world_.Note("coordinator starts");
  world_.timeline.After(kTick, [this, life = life_] { Tick(life); });
}

void CoordinatorHost::Reload() {
  absl::StatusOr<Snapshot> snapshot = store_.Load();
  if (world_.mutant != nullptr && world_.mutant->restore) world_.mutant->restore(&*snapshot);
  state_.emplace(State::Restore(SimulatedSettings(), *std::move(snapshot), Now()));
  CheckState();
  world_.checker.OnRestored(Awake());
  world_.checker.OnState(*state_);
}

void CoordinatorHost::Crash() {
  if (!up()) return;
  ++world_.result.crashes;
  if (committing_ && dice_.Chance(0.5)) StoreBatch();
  world_.Note("coordinator crashes");
  state_.reset();
  inbox_.clear();
  batch_.clear();
  answers_.clear();
  committing_ = false;
  stalled_ = {};
  stood_still_ -= std::max(MonoTime{}, stopped_until_ - world_.timeline.now());
  stopped_until_ = {};
  ++life_;
  world_.timeline.After(dice_.Between(milliseconds(100), seconds(15)), [this] { Start(); });
}

void CoordinatorHost::Stop() {
  if (!up()) return;
  const MonoTime length = dice_.Between(seconds(2), seconds(30));
  const MonoTime until = world_.timeline.now() + length;
  const MonoTime longer = std::max(MonoTime{}, until - std::max(world_.timeline.now(), stopped_until_));
  stood_still_ += longer;
  stalled_ += longer;
  stopped_until_ = std::max(until, stopped_until_);
  world_.Note("coordinator is stopped");
}

void CoordinatorHost::Receive(Command command, Done done) {
  if (!up()) return;
  inbox_.push_back({std::move(command), std::move(done)});
  // Whoever comes a little later is in the same batch.
  if (inbox_.size() > 1 || committing_) return;
  world_.timeline.After(dice_.Between(MonoTime{}, milliseconds(3)), [this, life = life_] {
    if (life == life_) Round();
  });
}

void CoordinatorHost::Tick(uint64_t life) {
  if (life != life_) return;
  Round();
  if (life == life_) world_.timeline.After(kTick, [this, life] { Tick(life); });
}

void CoordinatorHost::Round() {
  if (!up() || committing_) return;
  if (world_.timeline.now() < stopped_until_) {
    world_.timeline.After(stopped_until_ - world_.timeline.now(), [this, life = life_] {
      if (life == life_) Round();
    });
    return;
  }
  for (Call& call : std::exchange(inbox_, {})) {
    absl::StatusOr<Reply> reply = Execute(std::move(call.command));
    answers_.push_back({std::move(call.done), std::move(reply)});
    if (world_.checker.violation()) return;
  }
  const std::optional<MonoTime> deadline = state_->NextDeadline();
  if (deadline && (*deadline <= Now().mono || stalled_ > MonoTime{})) {
    if (!Execute(ExpireLeases{stalled_}).ok()) world_.checker.Fail("expiry was refused");
    if (world_.checker.violation()) return;
  }
  stalled_ = {};
  if (world_.mutant != nullptr && world_.mutant->reply_before_commit) SendAnswers();
  if (batch_.empty()) return SendAnswers();
  committing_ = true;
  const MonoTime latency = dice_.Chance(0.02) ? milliseconds(900) : milliseconds(15);
  world_.timeline.After(dice_.Between(milliseconds(1), latency), [this, life = life_] { Finish(life); });
}

void CoordinatorHost::Finish(uint64_t life) {
  if (life != life_) return;
  committing_ = false;
  if (!world_.healed && dice_.Chance(world_.faults.commit_fails)) {
    // The disk is full: nothing of the batch happened, and the memory that says so is thrown away.
    world_.Note("commit fails");
    batch_.clear();
    for (Answer& answer : answers_) answer.reply = absl::ResourceExhaustedError("the disk is full");
    Reload();
  } else {
    StoreBatch();
    if (world_.checker.violation()) return;
    state_->ForgetFinished();
    world_.checker.OnState(*state_);
  }
  SendAnswers();
  if (!inbox_.empty()) Round();
}

void CoordinatorHost::StoreBatch() {
  std::vector<Event> events = std::exchange(batch_, {});
  if (world_.mutant != nullptr && world_.mutant->commit) world_.mutant->commit(&events);
  if (!store_.Commit(events).ok()) world_.checker.Fail("the store refused a commit");
  world_.checker.OnCommit(events);
  world_.Note(absl::StrCat("commit of ", events.size()));
}

void CoordinatorHost::SendAnswers() {
  for (Answer& answer : std::exchange(answers_, {})) answer.done(std::move(answer.reply));
}

absl::StatusOr<Reply> CoordinatorHost::Execute(Command command) {
  while (true) {
    absl::StatusOr<Reply> reply = DecideAndApply(command);
    const auto* lease = reply.ok() ? std::get_if<LeaseReply>(&*reply) : nullptr;
    if (lease == nullptr || lease->look_up.empty() || world_.checker.violation()) return reply;
    for (const auto& [key, computation] : lease->look_up) {
      const auto result = store_.FindResult(computation);
      std::get<LeaseTrials>(command).known[key] = result.ok() ? std::optional(*result) : std::nullopt;
    }
  }
}

absl::StatusOr<Reply> CoordinatorHost::DecideAndApply(Command command) {
  FillIn(&command);
  const Mutant* mutant = world_.mutant;
  if (mutant != nullptr && mutant->before) mutant->before(*state_, &command);
  absl::StatusOr<Decision> decision = Decide(*state_, command, Now());
  if (!decision.ok()) return decision.status();
  if (mutant != nullptr && mutant->after) mutant->after(*state_, command, &*decision);
  Witness(command, *decision);
  for (Event& event : decision->events) {
    state_->Apply(event);
    if (const auto* created = std::get_if<SweepCreated>(&event)) definitions_[created->id] = created->definition;
    const bool memory_only =
        std::holds_alternative<WorkerBlamed>(event) || std::holds_alternative<LeasesRenewed>(event) ||
        std::holds_alternative<DeadlinesPutOff>(event) || std::holds_alternative<LeaseAnswered>(event);
    if (!memory_only) batch_.push_back(std::move(event));
  }
  CheckState();
  return std::move(decision->reply);
}

void CoordinatorHost::Witness(const Command& command, const Decision& decision) {
  if (const auto* report = std::get_if<Report>(&command)) {
    const auto& results = std::get<ReportReply>(decision.reply).results;
    for (size_t i = 0; i < results.size(); ++i) {
      if (results[i].status.ok()) world_.checker.OnHeard(report->trials[i].key, Awake());
    }
  } else if (const auto* checkpoint = std::get_if<AddCheckpoint>(&command)) {
    world_.checker.OnHeard(checkpoint->key, Awake());
  } else if (const auto* rejection = std::get_if<RejectCheckpoint>(&command)) {
    world_.checker.OnHeard(rejection->key, Awake());
  }
  for (const Event& event : decision.events) {
    if (const auto* leased = std::get_if<TrialLeased>(&event)) world_.checker.OnHeard(leased->key, Awake());
    if (!std::holds_alternative<ExpireLeases>(command)) continue;
    if (const auto* requeued = std::get_if<TrialRequeued>(&event)) world_.checker.OnExpired(requeued->key, Awake());
    if (const auto* finished = std::get_if<TrialFinished>(&event)) world_.checker.OnExpired(finished->key, Awake());
  }
}

void CoordinatorHost::CheckState() {
  if (world_.history_alone) return;
  const absl::Status sound = CheckInvariants(*state_);
  if (!sound.ok()) world_.checker.Fail(std::string(sound.message()));
}

void CoordinatorHost::FillIn(Command* command) {
  if (auto* create = std::get_if<CreateSweep>(command)) {
    create->id = absl::StrCat("s", dice_.Below(1000000));
    if (const auto stored = store_.FindRequest(create->request_id); stored.ok()) create->stored = *stored;
  } else if (auto* retry = std::get_if<RetrySweep>(command)) {
    if (const auto failed = store_.FailedTrials(retry->id); failed.ok()) retry->failed = *failed;
    if (definitions_.contains(retry->id)) retry->definition = definitions_.at(retry->id);
  } else if (auto* worker = std::get_if<RegisterWorker>(command)) {
    worker->id = absl::StrCat("w-", dice_.Below(1000000000));
  } else if (auto* report = std::get_if<Report>(command)) {
    for (TrialReport& trial : report->trials) {
      if (state_->FindRunning(trial.key) != nullptr || state_->FindFinished(trial.key) != nullptr) continue;
      if (const auto stored = store_.FindFinished(trial.key); stored.ok()) trial.stored = *stored;
    }
  }
}

}  // namespace basin::tests::simulation
