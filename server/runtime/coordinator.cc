#include "server/runtime/coordinator.h"

#include <unistd.h>

#include <algorithm>
#include <span>

#include "absl/strings/str_cat.h"
#include "server/runtime/event_log.h"
#include "server/runtime/fill_in.h"
#include "server/runtime/log.h"

namespace basin::server::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

size_t SizeOf(const core::Command& command) {
  size_t size = 1;
  if (const auto* report = std::get_if<core::Report>(&command)) {
    for (const core::TrialReport& trial : report->trials) size += 1 + trial.points.size();
  }
  return size;
}

absl::Status DiskFull() {
  return absl::ResourceExhaustedError(
      "the disk of the coordinator is full; nothing was changed, try again when there is space");
}

uint64_t FencedWrites(const core::Reply& reply) {
  const auto* report = std::get_if<core::ReportReply>(&reply);
  if (report == nullptr) return 0;
  return static_cast<uint64_t>(std::ranges::count_if(
      report->results, [](const auto& result) { return result.directive == core::Directive::kLost; }));
}

bool AllMemoryOnly(std::span<const core::Event> events) { return std::ranges::all_of(events, IsMemoryOnly); }

}  // namespace

absl::StatusOr<std::unique_ptr<Coordinator>> Coordinator::Start(CoordinatorOptions options, store::Store* store,
                                                                const Clock* clock, StatusBoard* board) {
  absl::StatusOr<core::Snapshot> snapshot = store->Load();
  if (!snapshot.ok()) return snapshot.status();
  const core::Now now = clock->Read();
  core::State state = core::State::Restore(options.settings, *std::move(snapshot), now);
  board->Publish(state, Changes{.everything = true}, now);
  std::unique_ptr<Coordinator> coordinator(new Coordinator(std::move(options), store, clock, board, std::move(state)));
  coordinator->thread_ = std::thread([loop = coordinator.get()] { loop->Run(); });
  return coordinator;
}

Coordinator::Coordinator(CoordinatorOptions options, store::Store* store, const Clock* clock, StatusBoard* board,
                         core::State state)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      board_(board),
      tick_(std::clamp<core::MonoTime>(options_.settings.lease / 8, milliseconds(20), milliseconds(250))),
      stall_threshold_(options_.settings.lease / 10),
      state_(std::move(state)),
      now_(clock->Read()),
      next_check_(now_.mono),
      last_round_(now_.mono) {
  if (options_.tidy_interval > core::MonoTime::zero()) next_tidy_ = now_.mono + options_.tidy_interval;
}

Coordinator::~Coordinator() { Stop(); }

void Coordinator::Submit(core::Command command, ReplyCallback done) {
  const size_t size = SizeOf(command);
  Push({.what = std::move(command), .done = std::move(done), .size = size});
}

void Coordinator::Push(Item item) {
  absl::Status refused;
  {
    std::lock_guard lock(mutex_);
    // Items of no size come from within and are few: they are never refused.
    if (stopping_) {
      refused = absl::UnavailableError("the coordinator is shutting down");
    } else if (item.size > 0 && (queue_.size() >= options_.max_waiting_commands ||
                                 queue_size_ + item.size > options_.max_waiting_size + item.size * queue_.empty())) {
      refused = absl::UnavailableError("the coordinator is overloaded; try again");
    } else {
      queue_size_ += item.size;
      queue_.push_back(std::move(item));
      if (queue_.size() == 1) wakeup_.notify_all();
      return;
    }
  }
  if (item.done) item.done(refused);
}

void Coordinator::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wakeup_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Coordinator::Run() {
  std::vector<Item> items;
  while (Take(&items)) Round(std::exchange(items, {}));
  for (LeaseWaiters::Waiter& waiter : waiters_.RemoveAll()) waiter.done(core::Reply(core::LeaseReply{}));
}

Coordinator::Load Coordinator::load() const {
  const core::MonoTime now = clock_->Read().mono;
  std::lock_guard lock(mutex_);
  return {.waiting_commands = queue_.size(),
          .busy = busy_since_ ? now - *busy_since_ : core::MonoTime::zero(),
          .disk_full = disk_full_};
}

bool Coordinator::Take(std::vector<Item>* items) {
  std::unique_lock lock(mutex_);
  busy_since_.reset();
  while (queue_.empty() && !stopping_) {
    const std::optional<core::MonoTime> wakeup = NextWakeup();
    if (wakeup && *wakeup <= clock_->Read().mono) break;
    clock_->Wait(wakeup_, lock, wakeup);
  }
  if (queue_.empty() && stopping_) return false;
  items->swap(queue_);
  queue_size_ = 0;
  busy_since_ = clock_->Read().mono;
  return true;
}

std::optional<core::MonoTime> Coordinator::NextWakeup() const {
  std::optional<core::MonoTime> first = waiters_.FirstDeadline();
  for (const std::optional<core::MonoTime>& other : {next_check_, next_tidy_}) {
    if (other && (!first || *other < *first)) first = other;
  }
  if (full_since_ && (!first || next_probe_ < *first)) first = next_probe_;
  return first;
}

void Coordinator::Round(std::vector<Item> items) {
  now_ = clock_->Read();
  NoticeStall();
  for (Item& item : items) Handle(std::move(item));
  ProbeIfDue();
  ExpireIfDue();
  AnswerOverdueWaiters();
  Flush();
  TidyIfDue();
}

// A loop that comes round much later than it meant to was stopped, or its machine was: heartbeats wait in sockets that
// nobody has read, so that nobody may be taken for lost.
void Coordinator::NoticeStall() {
  const core::MonoTime late = now_.mono - last_round_ - tick_;
  if (next_check_ && !full_since_ && late > stall_threshold_) {
    stalled_ += late;
    next_check_ = now_.mono;
    Log(LogLevel::kWarning, "the coordinator was stopped; leases and time limits are put off",
        {{"stalled_s", std::chrono::duration<double>(late).count()}});
  }
  last_round_ = now_.mono;
}

void Coordinator::Handle(Item item) {
  if (std::holds_alternative<CancelledCall>(item.what)) {
    if (std::optional<LeaseWaiters::Waiter> waiter = waiters_.Remove(item.call)) {
      answers_.push_back({std::move(waiter->done), absl::CancelledError("the call was cancelled")});
    }
  } else if (std::holds_alternative<WaitsEnd>(item.what)) {
    waits_ended_ = true;
    for (LeaseWaiters::Waiter& waiter : waiters_.RemoveAll()) {
      answers_.push_back({std::move(waiter.done), core::Reply(core::LeaseReply{})});
    }
  } else {
    core::Command command = std::get<core::Command>(std::move(item.what));
    const bool alone = NeedsItsOwnCommit(command);
    if (alone) Flush();
    Execute(std::move(item), command);
    if (alone) Flush();
  }
}

void Coordinator::Execute(Item item, core::Command& command) {
  if (!failed_.ok()) {
    answers_.push_back({std::move(item.done), failed_});
    return;
  }
  if (auto* lease = std::get_if<core::LeaseTrials>(&command)) return ExecuteLease(std::move(item), *lease);
  const absl::Status filled = FillIn(state_, *store_, options_.random, &command);
  absl::StatusOr<core::Reply> reply = filled.ok() ? DecideAndApply(command) : filled;
  if (const uint64_t fenced = reply.ok() ? FencedWrites(*reply) : 0; options_.observer != nullptr && fenced > 0) {
    options_.observer->OnFenced(fenced);
  }
  answers_.push_back({std::move(item.done), std::move(reply)});
}

absl::StatusOr<core::Reply> Coordinator::DecideAndApply(const core::Command& command) {
  absl::StatusOr<core::Decision> decision = core::Decide(state_, command, now_);
  if (!decision.ok()) return decision.status();
  if (full_since_ && !AllMemoryOnly(decision->events)) return TryWhileFull(*std::move(decision));
  Apply(std::move(decision->events));
  return std::move(decision->reply);
}

// Commits before it applies, so that a failure costs no reload.
absl::StatusOr<core::Reply> Coordinator::TryWhileFull(core::Decision decision) {
  if (now_.mono < next_probe_) return DiskFull();
  const core::MonoTime began = clock_->Read().mono;
  const absl::Status committed = store_->Commit(decision.events);
  now_.mono = std::max(now_.mono, clock_->Read().mono);
  if (committed.ok() && options_.observer != nullptr)
    options_.observer->OnCommit(decision.events, 1, now_.mono - began);
  if (absl::IsResourceExhausted(committed)) {
    next_probe_ = now_.mono + options_.probe_interval;
    return DiskFull();
  }
  if (!committed.ok()) {
    Fail(committed);
    return committed;
  }
  SpaceIsBack();
  Apply(std::move(decision.events));
  LogEvents(std::exchange(events_, {}), state_);
  state_.ForgetFinished();
  return std::move(decision.reply);
}

void Coordinator::ProbeIfDue() {
  if (!failed_.ok() || !full_since_ || now_.mono < next_probe_) return;
  const absl::Status probed = store_->Probe();
  now_.mono = std::max(now_.mono, clock_->Read().mono);
  if (probed.ok()) {
    SpaceIsBack();
  } else if (absl::IsResourceExhausted(probed)) {
    next_probe_ = now_.mono + options_.probe_interval;
  } else {
    Fail(probed);
  }
}

void Coordinator::SpaceIsBack() {
  const core::MonoTime outage = now_.mono - *full_since_;
  Log(LogLevel::kInfo, "the disk has space again", {{"outage_s", std::chrono::duration<double>(outage).count()}});
  CountOutage();
  SetFullSince(std::nullopt);
  next_check_ = now_.mono;
  changes_.work_appeared = true;
}

void Coordinator::CountOutage() {
  stalled_ += now_.mono - std::max(*full_since_, outage_counted_);
  outage_counted_ = now_.mono;
}

void Coordinator::Apply(std::vector<core::Event> events) {
  for (core::Event& event : events) {
    changes_.Add(event, state_);
    state_.Apply(event);
    if (!IsMemoryOnly(event)) events_.push_back(std::move(event));
  }
}

void Coordinator::ExpireIfDue() {
  if (!failed_.ok()) return;
  if (!next_check_) {
    if (!events_.empty()) next_check_ = now_.mono + tick_;
    return;
  }
  if (now_.mono < *next_check_) return;
  // Workers can't report to a full disk: until it has space, nobody's silence counts.
  if (full_since_) CountOutage();
  std::optional<core::MonoTime> deadline = state_.NextDeadline();
  if (deadline && (*deadline <= now_.mono || stalled_ > core::MonoTime::zero())) {
    Expire();
    deadline = state_.NextDeadline();
  }
  if (!deadline) stalled_ = core::MonoTime::zero();
  next_check_.reset();
  if (deadline) next_check_ = std::clamp(*deadline, now_.mono + tick_ / 4, now_.mono + tick_);
}

void Coordinator::Expire() {
  uint64_t overdue = 0;
  for (const auto& [end, key] : state_.deadlines().leases) {
    if (end > now_.mono || stalled_ > core::MonoTime::zero()) break;
    ++overdue;
  }
  const uint64_t open = state_.deadlines().leases.size();
  if (!DecideAndApply(core::ExpireLeases{.stalled = stalled_}).ok()) return;
  stalled_ = core::MonoTime::zero();
  const uint64_t ended = open - state_.deadlines().leases.size();
  if (options_.observer != nullptr && ended > 0) options_.observer->OnExpired(overdue, ended - overdue);
}

void Coordinator::TidyIfDue() {
  if (!next_tidy_ || now_.mono < *next_tidy_) return;
  next_tidy_ = now_.mono + options_.tidy_interval;
  if (!failed_.ok() || full_since_) return;
  const absl::StatusOr<bool> more = store_->Tidy(now_.wall);
  if (!more.ok() && !absl::IsResourceExhausted(more.status())) {
    Fail(more.status());
  } else if (more.ok() && *more) {
    next_tidy_ = now_.mono + options_.tidy_pause;
  }
}

void Coordinator::SetFullSince(std::optional<core::MonoTime> since) {
  full_since_ = since;
  disk_full_ = since.has_value();
}

void Coordinator::Flush() {
  WakeWaiters();
  const bool committed = events_.empty() || Commit();
  if (committed) board_->Publish(state_, changes_, now_);
  changes_ = {};
  for (Answer& answer : std::exchange(answers_, {})) {
    if (answer.done) answer.done(std::move(answer.reply));
  }
}

bool Coordinator::Commit() {
  const std::vector<core::Event> events = std::exchange(events_, {});
  const core::MonoTime began = clock_->Read().mono;
  const absl::Status committed = store_->Commit(events);
  if (committed.ok()) {
    if (options_.observer != nullptr) {
      options_.observer->OnCommit(events, answers_.size(), clock_->Read().mono - began);
    }
    LogEvents(events, state_);
    state_.ForgetFinished();
    return true;
  }
  const bool full = absl::IsResourceExhausted(committed);
  for (Answer& answer : answers_) answer.reply = full ? DiskFull() : committed;
  if (!full) {
    Fail(committed);
    return false;
  }
  Log(LogLevel::kError, "the disk is full; changes are refused until there is space", {{"status", committed}});
  SetFullSince(now_.mono);
  next_probe_ = now_.mono + options_.probe_interval;
  Reload();
  return false;
}

void Coordinator::Reload() {
  absl::StatusOr<core::Snapshot> snapshot = store_->Load();
  if (!snapshot.ok()) {
    Fail(snapshot.status());
    return;
  }
  now_ = clock_->Read();
  last_round_ = now_.mono;
  state_ = core::State::Restore(options_.settings, *std::move(snapshot), now_);
  next_check_ = now_.mono + tick_;
  board_->Publish(state_, Changes{.everything = true}, now_);
}

void Coordinator::Fail(const absl::Status& status) {
  failed_ = absl::UnavailableError(absl::StrCat("the coordinator's store has failed: ", status.message()));
  Log(LogLevel::kError, "the store has failed; the process exits, so that a restart can verify it",
      {{"status", status}});
  if (options_.on_fatal) {
    options_.on_fatal(status);
  } else {
    _exit(1);
  }
}

}  // namespace basin::server::runtime
