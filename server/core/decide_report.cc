#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/core/attempt_ends.h"
#include "server/core/decide_internal.h"
#include "server/core/progress.h"

namespace basin::server::core {
namespace {

constexpr size_t kMaxMetrics = 256;  // Names a trial.

using Result = ReportReply::Result;

bool IsName(const std::string& text) {
  if (text.empty() || text.size() > 128 || !absl::ascii_isalnum(text[0])) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

absl::Status CheckPoint(const Point& point) {
  constexpr uint64_t kMaxCount = std::numeric_limits<int64_t>::max();
  if (!IsName(point.name)) return absl::InvalidArgumentError("a metric's name is letters, digits, '.', '_' and '-'");
  if (!std::isfinite(point.epoch) || point.epoch < 0) {
    return absl::InvalidArgumentError(absl::StrCat("metric '", point.name, "' has an epoch that is not a number"));
  }
  if (point.step > kMaxCount || point.examples > kMaxCount) {
    return absl::InvalidArgumentError(absl::StrCat("metric '", point.name, "' has a step that is too large"));
  }
  return absl::OkStatus();
}

// Answers to attempts that are not open. Nothing changes.
Result Closed(const State& state, const TrialReport& report) {
  const std::string text = absl::StrCat("attempt ", report.attempt, " of trial ", ToText(report.key));
  const Result lost{Directive::kLost, 0, absl::AbortedError(absl::StrCat(text, " has lost its lease"))};
  const SweepEntry* sweep = state.FindSweep(report.key.sweep);
  if (sweep == nullptr) return lost;
  if (sweep->running.contains(report.key.index) || sweep->queued.contains(report.key.index)) return lost;
  // What the state knows is newer than what the store knows.
  const FinishedTrial* end = state.FindFinished(report.key);
  if (end == nullptr && report.stored) end = &*report.stored;
  if (end == nullptr || end->attempt != report.attempt) return lost;
  if (end->state == TrialState::kCancelled) {
    return {Directive::kStop, end->next_sequence, absl::CancelledError("the sweep was cancelled")};
  }
  if (end->outcome_identity.empty() || !report.outcome) return lost;
  if (end->outcome_identity == report.outcome->Identity()) {
    return {Directive::kContinue, end->next_sequence, absl::OkStatus()};
  }
  return {Directive::kLost, end->next_sequence,
          absl::AlreadyExistsError(absl::StrCat(text, " has ended with another outcome"))};
}

// One report of an open attempt.
class OpenReport {
 public:
  OpenReport(const SweepDefinition& definition, const RunningTrial& trial, const TrialReport& report)
      : definition_(definition), report_(report), first_(trial.next_sequence), after_(trial) {}

  // Checks everything, before anything happens.
  absl::Status Check() {
    // A mere sign of life leaves no gap.
    const bool tells = !report_.points.empty() || report_.outcome;
    if (tells && report_.first_sequence > first_) {
      return absl::OutOfRangeError(absl::StrCat("point ", first_, " is expected next, not ", report_.first_sequence));
    }
    const uint64_t known = tells ? std::min<uint64_t>(first_ - report_.first_sequence, report_.points.size()) : 0;
    fresh_ = std::span(report_.points).subspan(known);
    for (const Point& point : fresh_) {
      if (absl::Status status = CheckPoint(point); !status.ok()) return status;
    }
    AddPoints(definition_, fresh_, &after_);
    if (after_.last.size() > kMaxMetrics) {
      return absl::InvalidArgumentError(absl::StrCat("a trial has at most ", kMaxMetrics, " metrics"));
    }
    if (report_.outcome && report_.outcome->kind == OutcomeKind::kSucceeded &&
        !after_.last.contains(definition_.objective_metric)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the trial succeeded without a value of '", definition_.objective_metric, "'"));
    }
    return absl::OkStatus();
  }

  // REQUIRES: Check was OK.
  void AddEvents(AttemptEnds* ends, std::vector<Event>* events) const {
    if (!fresh_.empty()) {
      events->push_back(PointsAppended{report_.key, after_.attempt, first_, {fresh_.begin(), fresh_.end()}});
    }
    if (!report_.outcome) return;
    const Outcome& outcome = *report_.outcome;
    switch (outcome.kind) {
      case OutcomeKind::kSucceeded:
        return AddSuccess(outcome, ends);
      case OutcomeKind::kDiverged:
        return ends->Result(report_.key, after_, TrialState::kDiverged, std::nullopt, outcome.message, outcome);
      case OutcomeKind::kInvalid:
        return ends->Invalid(report_.key, after_, outcome);
      case OutcomeKind::kError:
        return ends->Failure(report_.key, after_, outcome.message, /*perhaps_its_worker=*/true, outcome);
      case OutcomeKind::kReleased:
        return ends->HandedBack(report_.key, after_, outcome.message);
    }
  }

  uint64_t next_sequence() const { return after_.next_sequence; }

 private:
  void AddSuccess(const Outcome& outcome, AttemptEnds* ends) const {
    const double last = after_.last.at(definition_.objective_metric);
    std::optional<double> objective = after_.best_objective;
    if (!definition_.objective_at_best) objective = std::isfinite(last) ? std::optional(last) : std::nullopt;
    if (objective) {
      ends->Result(report_.key, after_, TrialState::kSucceeded, objective, outcome.message, outcome);
    } else {
      ends->Result(report_.key, after_, TrialState::kDiverged, std::nullopt,
                   absl::StrCat("'", definition_.objective_metric, "' is not finite"), outcome);
    }
  }

  const SweepDefinition& definition_;
  const TrialReport& report_;
  const uint64_t first_;
  RunningTrial after_;
  std::span<const Point> fresh_;
};

}  // namespace

absl::StatusOr<Decision> DecideOne(const State& state, const Report& command, Now now) {
  const absl::StatusOr<const WorkerEntry*> worker = FindCaller(state, command.worker);
  if (!worker.ok()) return worker.status();
  std::vector<Event> events;
  AddReturn(**worker, now, &events);
  AttemptEnds ends(state, now, &events);
  LeasesRenewed renewed{command.worker, {}, now.mono, now.mono + state.settings().lease};
  ReportReply reply;
  reply.drain = (*worker)->draining;
  std::set<TrialKey> named;
  for (const TrialReport& report : command.trials) {
    if (!named.insert(report.key).second) {
      reply.results.push_back(
          {Directive::kContinue, 0, absl::InvalidArgumentError(absl::StrCat(ToText(report.key), " is named twice"))});
      continue;
    }
    const RunningTrial* trial = state.FindRunning(report.key);
    if (trial == nullptr || trial->attempt != report.attempt || trial->worker != command.worker) {
      reply.results.push_back(Closed(state, report));
      continue;
    }
    OpenReport open(*state.FindSweep(report.key.sweep)->record.definition, *trial, report);
    if (absl::Status status = open.Check(); !status.ok()) {
      reply.results.push_back({Directive::kContinue, trial->next_sequence, std::move(status)});
      continue;
    }
    open.AddEvents(&ends, &events);
    if (!report.outcome) renewed.trials.push_back(report.key);
    reply.results.push_back({Directive::kContinue, open.next_sequence(), absl::OkStatus()});
  }
  ends.Close();
  events.push_back(std::move(renewed));
  return Decision{std::move(events), std::move(reply)};
}

}  // namespace basin::server::core
