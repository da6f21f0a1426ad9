#include "server/runtime/changes.h"

#include <algorithm>

namespace basin::server::runtime {
namespace {

struct Adder {
  Changes& changes;
  const core::State& state;

  void AttemptEnded(const core::TrialKey& key) {
    changes.sweeps.insert(key.sweep);
    const core::RunningTrial* running = state.FindRunning(key);
    if (running == nullptr) return;
    changes.workers.insert(running->worker);
    changes.slots_changed.insert(running->worker);
  }

  void operator()(const core::SweepCreated& event) {
    changes.sweeps.insert(event.id);
    changes.work_appeared = true;
  }
  void operator()(const core::SweepStateChanged& event) {
    changes.sweeps.insert(event.id);
    if (event.state == core::SweepState::kRunning) changes.work_appeared = true;
  }
  void operator()(const core::SweepPinned& event) { changes.sweeps.insert(event.id); }
  void operator()(const core::SweepDeleted& event) { changes.sweeps.insert(event.id); }
  void operator()(const core::TrialReused& event) {
    changes.sweeps.insert(event.key.sweep);
    ++changes.trials_finished[event.key.sweep];
  }
  void operator()(const core::TrialLeased& event) {
    changes.sweeps.insert(event.key.sweep);
    changes.workers.insert(event.worker);
  }
  void operator()(const core::PointsAppended& event) { changes.sweeps.insert(event.key.sweep); }
  void operator()(const core::CheckpointAdded&) {}
  void operator()(const core::WeightsAdded&) {}
  void operator()(const core::WeightsDropped&) {}
  void operator()(const core::CheckpointRejected& event) { changes.sweeps.insert(event.key.sweep); }
  void operator()(const core::TrialRequeued& event) {
    AttemptEnded(event.key);
    changes.work_appeared = true;
  }
  void operator()(const core::TrialFinished& event) {
    AttemptEnded(event.key);
    if (event.state != core::TrialState::kCancelled) ++changes.trials_finished[event.key.sweep];
    // An end without a result may also release what pinned the sweep to one engine and data.
    const core::SweepEntry* sweep = state.FindSweep(event.key.sweep);
    if (event.state == core::TrialState::kFailed) changes.work_appeared = true;
    if (sweep != nullptr && sweep->record.definition != nullptr && sweep->record.definition->max_parallel > 0) {
      changes.work_appeared = true;
    }
  }
  void operator()(const core::PendingCancelled& event) { changes.sweeps.insert(event.id); }
  void operator()(const core::TrialRetried& event) {
    changes.sweeps.insert(event.key.sweep);
    changes.work_appeared = true;
  }
  void operator()(const core::WorkerRegistered& event) {
    changes.workers.insert(event.id);
    changes.workers_came_or_went = true;
  }
  void operator()(const core::WorkerStateChanged& event) {
    changes.workers.insert(event.id);
    changes.slots_changed.insert(event.id);
    changes.workers_came_or_went = true;
    // What was left to this worker is another's now.
    if (event.state != core::WorkerState::kConnected) changes.work_appeared = true;
  }
  void operator()(const core::WorkerSetAside&) { changes.work_appeared = true; }
  void operator()(const core::Audited&) {}
  void operator()(const core::WorkerBlamed& event) {
    changes.workers.insert(event.id);
    changes.slots_changed.insert(event.id);
  }
  void operator()(const core::LeasesRenewed& event) { changes.heard.insert(event.worker); }
  void operator()(const core::DeadlinesPutOff&) {}
  void operator()(const core::LeaseAnswered& event) { changes.heard.insert(event.worker); }
};

}  // namespace

void Changes::Add(const core::Event& event, const core::State& state) { std::visit(Adder{*this, state}, event); }

bool IsMemoryOnly(const core::Event& event) {
  return std::holds_alternative<core::WorkerBlamed>(event) || std::holds_alternative<core::LeasesRenewed>(event) ||
         std::holds_alternative<core::DeadlinesPutOff>(event) || std::holds_alternative<core::LeaseAnswered>(event);
}

uint64_t LeasableTrials(const core::State& state) {
  uint64_t leasable = 0;
  for (const core::SweepId& id : state.live()) {
    const core::SweepEntry& sweep = *state.FindSweep(id);
    if (sweep.record.state != core::SweepState::kRunning) continue;
    const core::TrialCounts& counts = sweep.record.counts;
    const uint64_t limit = sweep.record.definition->max_parallel;
    const uint64_t room = limit == 0 ? counts.pending : limit - std::min<uint64_t>(limit, counts.running);
    leasable += std::min(counts.pending, room);
  }
  return leasable;
}

}  // namespace basin::server::runtime
