#include "server/runtime/sweep_view.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"

namespace basin::server::runtime {
namespace {

constexpr size_t kMaxRunningShown = 100;

int64_t Second(core::MonoTime time) { return std::chrono::duration_cast<std::chrono::seconds>(time).count(); }

void AddRunning(const core::State& state, const core::SweepEntry& entry, SweepView* view) {
  std::vector<std::pair<uint64_t, const core::RunningTrial*>> trials;
  trials.reserve(entry.running.size());
  for (const auto& [index, trial] : entry.running) trials.emplace_back(index, &trial);
  const auto shown = trials.begin() + static_cast<ptrdiff_t>(std::min(trials.size(), kMaxRunningShown));
  std::partial_sort(trials.begin(), shown, trials.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second->started, a.first) < std::pair(b.second->started, b.first);
  });
  for (auto trial = trials.begin(); trial != shown; ++trial) {
    const core::RunningTrial& running = *trial->second;
    v1::RunningTrial* proto = view->sweep.add_running();
    proto->set_index(trial->first);
    proto->set_attempt(running.attempt);
    const core::WorkerEntry* worker = state.FindWorker(running.worker);
    proto->set_worker(worker != nullptr ? worker->record.description.name : running.worker);
    proto->set_epoch(running.epoch);
    if (entry.record.definition != nullptr) {
      const auto objective = running.last.find(entry.record.definition->objective_metric);
      if (objective != running.last.end()) proto->set_objective(objective->second);
    }
    view->running_since.push_back(running.started);
  }
}

}  // namespace

v1::TrialCounts ToProto(const core::TrialCounts& counts) {
  v1::TrialCounts proto;
  proto.set_total(counts.total());
  proto.set_pending(counts.pending);
  proto.set_running(counts.running);
  proto.set_succeeded(counts.succeeded);
  proto.set_diverged(counts.diverged);
  proto.set_pruned(counts.pruned);
  proto.set_failed(counts.failed);
  proto.set_cancelled(counts.cancelled);
  proto.set_reused(counts.reused);
  return proto;
}

void RateWindow::Begin(core::MonoTime now) {
  if (!began_) began_ = now;
}

void RateWindow::Add(core::MonoTime now, uint64_t trials) {
  const int64_t second = Second(now);
  Bucket& bucket = buckets_[static_cast<size_t>(second % kSeconds)];
  if (bucket.second != second) bucket = {.second = second, .trials = 0};
  bucket.trials += trials;
}

double RateWindow::PerSecond(core::MonoTime now) const {
  if (!began_) return 0;
  uint64_t trials = 0;
  for (const Bucket& bucket : buckets_) {
    if (bucket.second > Second(now) - kSeconds) trials += bucket.trials;
  }
  const double seconds = std::chrono::duration<double>(now - *began_).count();
  return static_cast<double>(trials) / std::clamp(seconds, 1.0, static_cast<double>(kSeconds));
}

google::protobuf::Timestamp ToTimestamp(core::WallTime time) {
  google::protobuf::Timestamp proto;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  proto.set_seconds(seconds.count());
  proto.set_nanos(static_cast<int32_t>((time - seconds).count()));
  return proto;
}

google::protobuf::Duration ToDuration(std::chrono::nanoseconds duration) {
  google::protobuf::Duration proto;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  proto.set_seconds(seconds.count());
  proto.set_nanos(static_cast<int32_t>((duration - seconds).count()));
  return proto;
}

v1::Sweep SweepView::At(core::MonoTime now) const {
  v1::Sweep result = sweep;
  result.set_trials_per_second(rate.PerSecond(now));
  for (int i = 0; i < result.running_size(); ++i) {
    *result.mutable_running(i)->mutable_age() =
        ToDuration(std::max(core::MonoTime::zero(), now - running_since[static_cast<size_t>(i)]));
  }
  return result;
}

v1::Worker WorkerView::At(core::MonoTime now) const {
  v1::Worker result = worker;
  *result.mutable_silence() = ToDuration(std::max(core::MonoTime::zero(), now - last_heard));
  if (set_aside_until > now) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(set_aside_until - now);
    result.set_set_aside(absl::StrCat(set_aside_reason, ". It gets no trial that another worker could run for ",
                                      left.count(), " s more, or until it is restarted; its log says more"));
  }
  return result;
}

SweepView ViewOf(const core::State& state, const core::SweepEntry& entry) {
  const core::SweepRecord& record = entry.record;
  SweepView view;
  view.created_at = record.created_at;
  v1::Sweep& sweep = view.sweep;
  sweep.set_id(record.id);
  sweep.set_name(record.name);
  sweep.set_state(static_cast<v1::SweepState>(record.state));
  sweep.set_message(record.message);
  *sweep.mutable_trials() = ToProto(record.counts);
  sweep.set_configs(record.configs);
  sweep.set_seeds(record.seeds);
  sweep.set_priority(record.priority);
  sweep.set_owner(record.owner);
  if (record.verifies) sweep.set_verifies(ToText(record.verifies->trial));
  *sweep.mutable_created_at() = ToTimestamp(record.created_at);
  if (record.started_at) *sweep.mutable_started_at() = ToTimestamp(*record.started_at);
  if (record.ended_at) *sweep.mutable_ended_at() = ToTimestamp(*record.ended_at);
  if (!record.best.empty()) {
    sweep.set_best_trial(record.best.front().index);
    sweep.set_best_objective(record.best.front().objective);
  }
  AddRunning(state, entry, &view);
  return view;
}

WorkerView ViewOf(const core::WorkerEntry& entry) {
  const core::WorkerRecord& record = entry.record;
  WorkerView view;
  view.last_heard = entry.last_heard;
  view.set_aside_until = entry.blame.until;
  view.set_aside_reason = entry.blame.reason;
  v1::Worker& worker = view.worker;
  worker.set_id(record.id);
  worker.set_name(record.description.name);
  worker.set_state(static_cast<v1::WorkerState>(record.state));
  worker.set_slots(record.description.slots);
  worker.set_threads_per_trial(record.description.threads_per_trial);
  worker.set_running(static_cast<uint32_t>(entry.running.size()));
  for (const auto& [name, digest] : record.description.datasets) {
    v1::AvailableDataset* dataset = worker.add_datasets();
    dataset->set_name(name);
    dataset->set_digest(digest);
  }
  worker.set_engine_fingerprint(record.description.engine_fingerprint);
  worker.set_version(record.description.version);
  *worker.mutable_connected_at() = ToTimestamp(record.connected_at);
  worker.set_trials_finished(record.trials_finished);
  return view;
}

}  // namespace basin::server::runtime
