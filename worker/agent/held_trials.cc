#include "worker/agent/held_trials.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::worker::agent {
namespace {

// What a point takes in a message beside its own bytes: tag and length.
constexpr size_t kPointOverhead = 6;
// Room kept for a trial's ids and its outcome.
constexpr size_t kTrialOverhead = 192;
// This many bytes of points of one trial do not wait for more to come.
constexpr size_t kManyBytes = 256 << 10;

size_t SizeOf(const v1::MetricPoint& point) { return point.ByteSizeLong() + kPointOverhead; }

AttemptKey KeyOf(const v1::TrialReport& report) { return {report.sweep_id(), report.index(), report.attempt()}; }

}  // namespace

HeldTrials::Added HeldTrials::Add(const AttemptKey& key, MonoTime now) {
  Added result;
  const auto other = trials_.lower_bound({key.sweep_id, key.index, 0});
  if (other != trials_.end() && other->first.sweep_id == key.sweep_id && other->first.index == key.index) {
    if (other->first.attempt >= key.attempt) return result;
    result.superseded = other->first;
    Erase(other);
  }
  trials_[key].last_named = now;
  result.added = true;
  return result;
}

void HeldTrials::BeginAt(const AttemptKey& key, uint64_t first_sequence) {
  const auto it = trials_.find(key);
  if (it != trials_.end()) it->second.first_sequence = first_sequence;
}

std::optional<uint64_t> HeldTrials::TellAll(const AttemptKey& key, MonoTime now) {
  const auto it = trials_.find(key);
  if (it == trials_.end()) return std::nullopt;
  Held& held = it->second;
  if (!held.has_news()) return held.first_sequence;
  held.news_due = std::min(held.news_due, now);
  return std::nullopt;
}

bool HeldTrials::Append(const AttemptKey& key, std::span<const v1::MetricPoint> points, MonoTime now) {
  const auto it = trials_.find(key);
  if (it == trials_.end() || it->second.outcome) return false;
  Held& held = it->second;
  if (points.empty()) return true;
  if (!held.has_news()) held.news_due = now + rules_.point_delay;
  for (const v1::MetricPoint& point : points) {
    const size_t bytes = SizeOf(point);
    held.points.push_back(point);
    held.bytes += bytes;
    buffered_bytes_ += bytes;
  }
  if (held.bytes > kManyBytes) held.news_due = std::min(held.news_due, now);
  return true;
}

bool HeldTrials::Finish(const AttemptKey& key, v1::TrialOutcome outcome, MonoTime now) {
  const auto it = trials_.find(key);
  if (it == trials_.end()) return false;
  if (it->second.outcome) return true;
  it->second.outcome = std::move(outcome);
  it->second.news_due = now;
  return true;
}

// Heartbeats go out a quarter early, so that the answer to the last one was not long ago when the interval ends.
MonoTime HeldTrials::NextDue() const {
  const MonoTime patience = rules_.heartbeat * 3 / 4;
  MonoTime due = last_call_ + patience;
  for (const auto& [key, held] : trials_) {
    due = std::min(due, held.last_named + patience);
    if (held.has_news()) due = std::min(due, held.news_due);
  }
  return due;
}

bool HeldTrials::IsDue(const Held& held, MonoTime now) const {
  return held.has_news() || now - held.last_named >= rules_.heartbeat / 2;
}

v1::ReportRequest HeldTrials::NextReport(MonoTime now) const {
  std::vector<Trials::const_iterator> due;
  for (auto it = trials_.begin(); it != trials_.end(); ++it) {
    if (IsDue(it->second, now)) due.push_back(it);
  }
  // Those named longest ago come first, so that a call that is cut short starves nobody.
  std::stable_sort(due.begin(), due.end(), [](auto a, auto b) { return a->second.last_named < b->second.last_named; });
  if (due.size() > rules_.max_call_trials) due.resize(rules_.max_call_trials);

  size_t fixed_bytes = 0;
  for (const auto it : due) {
    fixed_bytes += kTrialOverhead + it->first.sweep_id.size();
    if (it->second.outcome) fixed_bytes += it->second.outcome->ByteSizeLong();
  }
  size_t room = rules_.max_call_bytes > fixed_bytes ? rules_.max_call_bytes - fixed_bytes : 0;

  v1::ReportRequest request;
  for (const auto it : due) {
    const auto& [key, held] = *it;
    v1::TrialReport& report = *request.add_trials();
    report.set_sweep_id(key.sweep_id);
    report.set_index(key.index);
    report.set_attempt(key.attempt);
    report.set_first_sequence(held.first_sequence);
    for (const v1::MetricPoint& point : held.points) {
      const size_t bytes = SizeOf(point);
      if (bytes > room) break;
      room -= bytes;
      *report.add_points() = point;
    }
    const bool complete = static_cast<size_t>(report.points_size()) == held.points.size();
    if (held.outcome && complete) *report.mutable_outcome() = *held.outcome;
  }
  return request;
}

void HeldTrials::Confirm(Held& held, uint64_t next_sequence, MonoTime now) {
  while (!held.points.empty() && held.first_sequence < next_sequence) {
    const size_t bytes = SizeOf(held.points.front());
    held.bytes -= bytes;
    buffered_bytes_ -= bytes;
    held.points.pop_front();
    ++held.first_sequence;
  }
  // What the call had no room for, or what came since.
  if (held.has_news()) held.news_due = held.outcome || held.bytes > kManyBytes ? now : now + rules_.point_delay;
}

void HeldTrials::DropPoints(Held& held) {
  buffered_bytes_ -= held.bytes;
  held.bytes = 0;
  held.points.clear();
}

void HeldTrials::Erase(Trials::iterator it) {
  buffered_bytes_ -= it->second.bytes;
  trials_.erase(it);
}

absl::StatusOr<std::vector<HeldTrials::Change>> HeldTrials::TakeAnswer(const v1::ReportRequest& sent, MonoTime sent_at,
                                                                       const v1::ReportResponse& answer, MonoTime now) {
  if (answer.results_size() != sent.trials_size()) {
    return absl::InternalError(absl::StrCat("the server answered ", answer.results_size(), " results to a report on ",
                                            sent.trials_size(), " trials"));
  }
  last_call_ = sent_at;
  std::vector<Change> changes;
  for (int i = 0; i < sent.trials_size(); ++i) {
    const auto it = trials_.find(KeyOf(sent.trials(i)));
    if (it == trials_.end()) continue;
    it->second.last_named = sent_at;
    if (auto change = TakeResult(it, sent.trials(i), answer.results(i), now)) changes.push_back(*std::move(change));
  }
  return changes;
}

std::optional<HeldTrials::Change> HeldTrials::TakeResult(Trials::iterator it, const v1::TrialReport& sent,
                                                         const v1::TrialReportResult& result, MonoTime now) {
  using Result = v1::TrialReportResult;
  const AttemptKey key = it->first;
  const auto code = static_cast<absl::StatusCode>(result.code());
  // Handed back: if an earlier call did it already, the lease is lost by now, which is as well.
  if (sent.outcome().kind() == v1::TrialOutcome::KIND_RELEASED &&
      (result.directive() == Result::DIRECTIVE_LOST || code == absl::StatusCode::kOk)) {
    Erase(it);
    return Change{key, Change::Kind::kAccepted, ""};
  }
  if (result.directive() == Result::DIRECTIVE_STOP) {
    Erase(it);
    return Change{key, Change::Kind::kStopped, result.message()};
  }
  if (result.directive() == Result::DIRECTIVE_LOST || code == absl::StatusCode::kAborted ||
      code == absl::StatusCode::kAlreadyExists) {
    Erase(it);
    return Change{key, Change::Kind::kLost, result.message()};
  }
  if (code == absl::StatusCode::kOutOfRange) {
    Held& held = it->second;
    // Held from there on, and not what was just refused.
    if (held.first_sequence <= result.next_sequence() &&
        result.next_sequence() <= held.first_sequence + held.points.size() &&
        result.next_sequence() != sent.first_sequence()) {
      Confirm(held, result.next_sequence(), now);
      return std::nullopt;
    }
  }
  if (code != absl::StatusCode::kOk) return TakeRefusal(it, sent, result, now);
  if (sent.has_outcome()) {
    Erase(it);
    return Change{key, Change::Kind::kAccepted, ""};
  }
  Confirm(it->second, result.next_sequence(), now);
  return std::nullopt;
}

// Saying the same again would get the same answer. So an outcome takes its place that the server can accept: a trial
// without a value of the objective ends its sweep, anything else is an error of this worker's. If that too is refused,
// the trial is dropped, and its lease runs out.
std::optional<HeldTrials::Change> HeldTrials::TakeRefusal(Trials::iterator it, const v1::TrialReport& sent,
                                                          const v1::TrialReportResult& result, MonoTime now) {
  const AttemptKey key = it->first;
  Held& held = it->second;
  const std::string message = absl::StrCat("the server refused the report: ", result.message());
  if (held.refused) {
    Erase(it);
    return Change{key, Change::Kind::kLost, message};
  }
  held.refused = true;
  const bool no_objective = static_cast<absl::StatusCode>(result.code()) == absl::StatusCode::kFailedPrecondition &&
                            sent.outcome().kind() == v1::TrialOutcome::KIND_SUCCEEDED;
  held.outcome.emplace();
  held.outcome->set_kind(no_objective ? v1::TrialOutcome::KIND_INVALID : v1::TrialOutcome::KIND_ERROR);
  held.outcome->set_message(no_objective ? result.message() : message);
  DropPoints(held);
  held.first_sequence = result.next_sequence();
  held.news_due = now;
  return Change{key, Change::Kind::kRefused, message};
}

}  // namespace basin::worker::agent
