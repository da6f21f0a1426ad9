#include "server/runtime/status_board.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace basin::server::runtime {
namespace {

absl::Status NoSuch(std::string_view noun, std::string_view text) {
  return absl::NotFoundError(
      absl::StrCat("no ", std::string(noun), " has the id, name or prefix '", std::string(text), "'"));
}

absl::Status Ambiguous(std::string_view noun, std::string_view text, const std::vector<std::string>& ids) {
  constexpr size_t kShown = 10;
  const size_t shown = std::min(ids.size(), kShown);
  return absl::FailedPreconditionError(absl::StrCat(
      "'", std::string(text), "' stands for several ", std::string(noun),
      "s: ", absl::StrJoin(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(shown), ", "),
      ids.size() > shown ? absl::StrCat(" and ", ids.size() - shown, " more") : "", "; give more of the id"));
}

// The one id of `map` that begins with `text`.
absl::StatusOr<std::string> FindPrefix(const auto& map, std::string_view noun, std::string_view text) {
  std::vector<std::string> ids;
  for (auto place = map.lower_bound(std::string(text)); place != map.end() && place->first.starts_with(text); ++place) {
    ids.push_back(place->first);
    if (ids.size() > 1000) break;
  }
  if (ids.empty() || text.empty()) return NoSuch(noun, text);
  if (ids.size() > 1) return Ambiguous(noun, text, ids);
  return ids.front();
}

bool MayWait(const core::SweepEntry& entry) {
  return entry.record.state == core::SweepState::kRunning && entry.record.counts.pending > 0 &&
         entry.record.counts.running == 0;
}

}  // namespace

// Revisions begin at the time of day in microseconds, so that one that a client kept from an earlier run of the server
// is not taken for a present one.
StatusBoard::StatusBoard(const Clock* clock)
    : clock_(clock),
      revision_(
          static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(clock->Read().wall).count())),
      deadlines_(clock) {}

void StatusBoard::Publish(const core::State& state, const Changes& changes, core::Now now) {
  if (changes.everything) {
    for (const auto& [id, entry] : state.sweeps()) PublishSweep(state, changes, id, now);
  } else {
    for (const core::SweepId& id : changes.sweeps) PublishSweep(state, changes, id, now);
  }
  constexpr core::MonoTime kRefreshInterval = std::chrono::seconds(1);
  if (changes.workers_came_or_went || now.mono - waiting_refreshed_ >= kRefreshInterval) {
    waiting_refreshed_ = now.mono;
    for (const core::SweepId& id : state.live()) RefreshWaiting(state, id);
  }
  std::lock_guard lock(mutex_);
  if (changes.everything) {
    workers_.clear();
    for (const auto& [id, entry] : state.workers()) workers_[id] = ViewOf(entry);
    return;
  }
  for (const core::WorkerId& id : changes.workers) {
    const core::WorkerEntry* entry = state.FindWorker(id);
    if (entry == nullptr) {
      workers_.erase(id);
    } else {
      workers_[id] = ViewOf(*entry);
    }
  }
  for (const core::WorkerId& id : changes.heard) {
    const core::WorkerEntry* entry = state.FindWorker(id);
    const auto view = workers_.find(id);
    if (entry != nullptr && view != workers_.end()) view->second.last_heard = entry->last_heard;
  }
}

void StatusBoard::PublishSweep(const core::State& state, const Changes& changes, const core::SweepId& id,
                               core::Now now) {
  const core::SweepEntry* entry = state.FindSweep(id);
  if (entry == nullptr) {
    Erase(id);
    return;
  }
  auto view = std::make_shared<SweepView>(ViewOf(state, *entry));
  if (const std::shared_ptr<const SweepView> before = Find(id)) view->rate = before->rate;
  if (entry->record.counts.running > 0) view->rate.Begin(now.mono);
  if (const auto finished = changes.trials_finished.find(id); finished != changes.trials_finished.end()) {
    view->rate.Begin(now.mono);
    view->rate.Add(now.mono, finished->second);
  }
  if (MayWait(*entry)) view->sweep.set_waiting(state.WaitingReason(id));
  Replace(id, std::move(view));
}

void StatusBoard::RefreshWaiting(const core::State& state, const core::SweepId& id) {
  const std::shared_ptr<const SweepView> before = Find(id);
  if (before == nullptr) return;
  const std::string waiting = MayWait(*state.FindSweep(id)) ? state.WaitingReason(id) : "";
  if (waiting == before->sweep.waiting()) return;
  auto view = std::make_shared<SweepView>(*before);
  view->sweep.set_waiting(waiting);
  Replace(id, std::move(view));
}

void StatusBoard::Replace(const core::SweepId& id, std::shared_ptr<SweepView> view) {
  std::lock_guard lock(mutex_);
  view->sweep.set_revision(++revision_);
  names_.emplace(view->sweep.name(), id);
  by_age_.emplace(view->created_at, id);
  sweeps_[id] = std::move(view);
  Wake(id);
}

void StatusBoard::Erase(const core::SweepId& id) {
  std::lock_guard lock(mutex_);
  const auto found = sweeps_.find(id);
  if (found == sweeps_.end()) return;
  names_.erase({found->second->sweep.name(), id});
  by_age_.erase({found->second->created_at, id});
  sweeps_.erase(found);
  Wake(id);
}

std::shared_ptr<const SweepView> StatusBoard::Find(const core::SweepId& id) const {
  std::lock_guard lock(mutex_);
  const auto found = sweeps_.find(id);
  return found == sweeps_.end() ? nullptr : found->second;
}

absl::StatusOr<core::SweepId> StatusBoard::FindSweep(std::string_view text) const {
  std::lock_guard lock(mutex_);
  if (sweeps_.contains(std::string(text))) return core::SweepId(text);
  std::vector<std::string> ids;
  for (auto place = names_.lower_bound({std::string(text), ""}); place != names_.end() && place->first == text;
       ++place) {
    ids.push_back(place->second);
  }
  if (ids.size() == 1) return ids.front();
  if (ids.size() > 1) return Ambiguous("sweep", text, ids);
  return FindPrefix(sweeps_, "sweep", text);
}

absl::StatusOr<v1::Sweep> StatusBoard::GetSweep(const core::SweepId& id) const {
  const std::shared_ptr<const SweepView> view = Find(id);
  if (view == nullptr) return NoSuch("sweep", id);
  return view->At(clock_->Read().mono);
}

uint64_t StatusBoard::WaitForSweep(const core::SweepId& id, uint64_t known_revision, core::MonoTime wait,
                                   SweepCallback done) {
  {
    std::lock_guard lock(mutex_);
    const auto found = sweeps_.find(id);
    const bool changed = found == sweeps_.end() || found->second->sweep.revision() != known_revision;
    if (!changed && !waits_ended_ && wait > core::MonoTime::zero()) {
      const uint64_t number = ++last_wait_;
      const uint64_t timer = deadlines_.Schedule(clock_->Read().mono + wait, [this, number] { Complete(number); });
      waiters_.emplace(number, Waiter{.sweep = id, .timer = timer, .done = std::move(done)});
      waiters_of_[id].insert(number);
      return number;
    }
  }
  done(GetSweep(id));
  return 0;
}

// The calls back are made on the deadlines' thread, so that many watchers do not hold up the loop.
void StatusBoard::Wake(const core::SweepId& id) {
  const auto found = waiters_of_.find(id);
  if (found == waiters_of_.end()) return;
  for (const uint64_t number : found->second) {
    deadlines_.Cancel(waiters_.at(number).timer);
    deadlines_.Schedule(core::MonoTime::min(), [this, number] { Complete(number); });
  }
  waiters_of_.erase(found);
}

void StatusBoard::Complete(uint64_t wait) {
  Waiter waiter;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiters_.find(wait);
    if (found == waiters_.end()) return;
    waiter = std::move(found->second);
    waiters_.erase(found);
    if (const auto others = waiters_of_.find(waiter.sweep); others != waiters_of_.end()) {
      others->second.erase(wait);
      if (others->second.empty()) waiters_of_.erase(others);
    }
  }
  waiter.done(GetSweep(waiter.sweep));
}

void StatusBoard::CancelWait(uint64_t wait) {
  SweepCallback done;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiters_.find(wait);
    if (found == waiters_.end()) return;
    deadlines_.Cancel(found->second.timer);
    if (const auto others = waiters_of_.find(found->second.sweep); others != waiters_of_.end()) {
      others->second.erase(wait);
    }
    done = std::move(found->second.done);
    waiters_.erase(found);
  }
  done(absl::CancelledError("the call was cancelled"));
}

void StatusBoard::EndWaits() {
  std::vector<uint64_t> waits;
  {
    std::lock_guard lock(mutex_);
    waits_ended_ = true;
    for (const auto& [wait, waiter] : waiters_) waits.push_back(wait);
  }
  for (const uint64_t wait : waits) Complete(wait);
}

StatusBoard::SweepPage StatusBoard::ListSweeps(const std::optional<SweepCursor>& after, const std::set<int>& states,
                                               size_t limit) const {
  const core::MonoTime now = clock_->Read().mono;
  std::vector<std::shared_ptr<const SweepView>> views;
  SweepPage page;
  {
    std::lock_guard lock(mutex_);
    auto place = after ? by_age_.lower_bound(*after) : by_age_.end();
    while (place != by_age_.begin()) {
      --place;
      const std::shared_ptr<const SweepView>& view = sweeps_.at(place->second);
      if (!states.empty() && !states.contains(view->sweep.state())) continue;
      if (views.size() == limit) {
        page.next = SweepCursor(views.back()->created_at, views.back()->sweep.id());
        break;
      }
      views.push_back(view);
    }
  }
  for (const std::shared_ptr<const SweepView>& view : views) {
    page.sweeps.push_back(view->At(now));
    page.cursors.emplace_back(view->created_at, view->sweep.id());
  }
  return page;
}

StatusBoard::Totals StatusBoard::GetTotals() const {
  core::TrialCounts counts;
  Totals totals;
  std::lock_guard lock(mutex_);
  for (const auto& [id, view] : sweeps_) {
    const v1::TrialCounts& trials = view->sweep.trials();
    counts.pending += trials.pending();
    counts.running += trials.running();
    counts.succeeded += trials.succeeded();
    counts.diverged += trials.diverged();
    counts.pruned += trials.pruned();
    counts.failed += trials.failed();
    counts.cancelled += trials.cancelled();
    counts.reused += trials.reused();
    ++totals.sweeps[view->sweep.state()];
  }
  for (const auto& [id, view] : workers_) ++totals.workers[view.worker.state()];
  totals.trials = ToProto(counts);
  return totals;
}

StatusBoard::WorkerPage StatusBoard::ListWorkers(const core::WorkerId& after, size_t limit) const {
  const core::MonoTime now = clock_->Read().mono;
  WorkerPage page;
  std::lock_guard lock(mutex_);
  for (auto place = workers_.upper_bound(after); place != workers_.end(); ++place) {
    if (page.workers.size() == limit) {
      page.next = page.workers.back().id();
      break;
    }
    page.workers.push_back(place->second.At(now));
  }
  return page;
}

absl::StatusOr<core::WorkerId> StatusBoard::FindWorker(std::string_view text) const {
  std::lock_guard lock(mutex_);
  if (workers_.contains(std::string(text))) return core::WorkerId(text);
  std::vector<std::string> there, gone;
  for (const auto& [id, view] : workers_) {
    if (view.worker.name() != text) continue;
    const bool is_there =
        view.worker.state() == v1::WORKER_STATE_CONNECTED || view.worker.state() == v1::WORKER_STATE_DRAINING;
    (is_there ? there : gone).push_back(id);
  }
  const std::vector<std::string>& named = there.empty() ? gone : there;
  if (named.size() == 1) return named.front();
  if (named.size() > 1) return Ambiguous("worker", text, named);
  return FindPrefix(workers_, "worker", text);
}

absl::StatusOr<v1::Worker> StatusBoard::GetWorker(const core::WorkerId& id) const {
  const core::MonoTime now = clock_->Read().mono;
  std::lock_guard lock(mutex_);
  const auto found = workers_.find(id);
  if (found == workers_.end()) return NoSuch("worker", id);
  return found->second.At(now);
}

}  // namespace basin::server::runtime
