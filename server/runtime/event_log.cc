#include "server/runtime/event_log.h"

#include <string>

#include "server/runtime/log.h"

namespace basin::server::runtime {
namespace {

const char* Name(core::SweepState state) {
  switch (state) {
    case core::SweepState::kRunning:
      return "running";
    case core::SweepState::kPaused:
      return "paused";
    case core::SweepState::kFinished:
      return "finished";
    case core::SweepState::kCancelled:
      return "cancelled";
    case core::SweepState::kFailed:
      return "failed";
  }
  return "unknown";
}

struct Logger {
  const core::State& state;

  std::string WorkerName(const core::WorkerId& id) const {
    const core::WorkerEntry* worker = state.FindWorker(id);
    return worker != nullptr ? worker->record.description.name : "";
  }

  void operator()(const core::SweepCreated& event) const {
    Log(LogLevel::kInfo, "sweep created",
        {{"sweep", event.id}, {"name", event.definition->spec.name()}, {"trials", event.definition->trials()}});
  }
  void operator()(const core::SweepStateChanged& event) const {
    Log(event.state == core::SweepState::kFailed ? LogLevel::kWarning : LogLevel::kInfo,
        std::string("sweep ") + Name(event.state), {{"sweep", event.id}, {"reason", event.message}});
  }
  void operator()(const core::SweepDeleted& event) const {
    Log(LogLevel::kInfo, "sweep deleted", {{"sweep", event.id}});
  }
  void operator()(const core::TrialReused& event) const {
    Log(LogLevel::kDebug, "trial reused",
        {{"sweep", event.key.sweep}, {"trial", event.key.index}, {"from", event.result.trial}});
  }
  void operator()(const core::TrialLeased& event) const {
    Log(LogLevel::kDebug, "trial leased",
        {{"sweep", event.key.sweep}, {"trial", event.key.index}, {"attempt", event.attempt}, {"worker", event.worker}});
  }
  void operator()(const core::CheckpointAdded& event) const {
    Log(LogLevel::kDebug, "checkpoint stored",
        {{"sweep", event.key.sweep},
         {"trial", event.key.index},
         {"attempt", event.checkpoint.attempt},
         {"step", event.checkpoint.file.step},
         {"bytes", event.checkpoint.file.bytes}});
  }
  void operator()(const core::WeightsAdded& event) const {
    Log(LogLevel::kDebug, "weights stored",
        {{"sweep", event.key.sweep},
         {"trial", event.key.index},
         {"attempt", event.attempt},
         {"step", event.file.step},
         {"bytes", event.file.bytes}});
  }
  void operator()(const core::WeightsDropped& event) const {
    Log(LogLevel::kDebug, "weights dropped", {{"sweep", event.key.sweep}, {"trial", event.key.index}});
  }
  void operator()(const core::TrialRequeued& event) const {
    Log(LogLevel::kWarning, "trial queued again",
        {{"sweep", event.key.sweep},
         {"trial", event.key.index},
         {"attempt", event.attempt},
         {"failures", event.failures},
         {"reason", event.message}});
  }
  void operator()(const core::TrialFinished& event) const {
    const bool failed = event.state == core::TrialState::kFailed;
    Log(failed ? LogLevel::kWarning : LogLevel::kDebug, failed ? "trial failed" : "trial ended",
        {{"sweep", event.key.sweep},
         {"trial", event.key.index},
         {"attempt", event.attempt},
         {"worker", event.worker},
         {"reason", event.message}});
  }
  void operator()(const core::TrialRetried& event) const {
    Log(LogLevel::kDebug, "trial retried", {{"sweep", event.key.sweep}, {"trial", event.key.index}});
  }
  void operator()(const core::WorkerRegistered& event) const {
    Log(LogLevel::kInfo, "worker registered",
        {{"worker", event.id}, {"name", event.description.name}, {"slots", event.description.slots}});
  }
  void operator()(const core::WorkerStateChanged& event) const {
    const char* message = event.state == core::WorkerState::kLost       ? "worker lost"
                          : event.state == core::WorkerState::kLeft     ? "worker left"
                          : event.state == core::WorkerState::kDraining ? "worker drains"
                                                                        : "worker is back";
    Log(event.state == core::WorkerState::kLost ? LogLevel::kWarning : LogLevel::kInfo, message,
        {{"worker", event.id}, {"name", WorkerName(event.id)}});
  }
  void operator()(const core::WorkerSetAside& event) const {
    Log(LogLevel::kWarning, "worker set aside",
        {{"worker", event.id}, {"name", WorkerName(event.id)}, {"reason", event.reason}});
  }
  void operator()(const core::Audited& event) const {
    Log(LogLevel::kInfo, "audit", {{"actor", event.actor}, {"action", event.action}, {"subject", event.subject}});
  }
  void operator()(const auto&) const {}
};

}  // namespace

void LogEvents(std::span<const core::Event> events, const core::State& state) {
  for (const core::Event& event : events) std::visit(Logger{state}, event);
}

}  // namespace basin::server::runtime
