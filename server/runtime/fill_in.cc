#include "server/runtime/fill_in.h"

#include <utility>

namespace basin::server::runtime {
namespace {

struct Filler {
  const core::State& state;
  store::Store& store;
  const RandomBits& random;

  absl::Status operator()(core::CreateSweep& command) {
    command.id = FreshSweepId(state, random);
    if (command.request_id.empty() || state.FindRequest(command.request_id) != nullptr) return absl::OkStatus();
    absl::StatusOr<core::CreateSweep::Stored> stored = store.FindRequest(command.request_id);
    if (absl::IsNotFound(stored.status())) return absl::OkStatus();
    if (!stored.ok()) return stored.status();
    command.stored = *std::move(stored);
    return absl::OkStatus();
  }

  absl::Status operator()(core::RetrySweep& command) {
    const core::SweepEntry* sweep = state.FindSweep(command.id);
    if (sweep == nullptr) return absl::OkStatus();
    absl::StatusOr<std::vector<core::RetrySweep::Failed>> failed = store.FailedTrials(command.id);
    if (!failed.ok()) return failed.status();
    command.failed = *std::move(failed);
    if (sweep->record.definition != nullptr) return absl::OkStatus();
    absl::StatusOr<v1::SweepSpec> spec = store.FindSpec(command.id);
    if (!spec.ok()) return spec.status();
    absl::StatusOr<std::shared_ptr<const core::SweepDefinition>> definition =
        core::SweepDefinition::Create(*std::move(spec));
    if (!definition.ok()) return definition.status();
    command.definition = *std::move(definition);
    return absl::OkStatus();
  }

  absl::Status operator()(core::RegisterWorker& command) {
    command.id = FreshWorkerId(state, random);
    return absl::OkStatus();
  }

  absl::Status operator()(core::Report& command) {
    for (core::TrialReport& trial : command.trials) {
      if (state.FindRunning(trial.key) != nullptr || state.FindFinished(trial.key) != nullptr) continue;
      absl::StatusOr<core::FinishedTrial> stored = store.FindFinished(trial.key);
      if (absl::IsNotFound(stored.status())) continue;
      if (!stored.ok()) return stored.status();
      trial.stored = *std::move(stored);
    }
    return absl::OkStatus();
  }

  absl::Status operator()(auto&) { return absl::OkStatus(); }
};

}  // namespace

absl::Status FillIn(const core::State& state, store::Store& store, const RandomBits& random, core::Command* command) {
  return std::visit(Filler{state, store, random}, *command);
}

bool NeedsItsOwnCommit(const core::Command& command) {
  return std::holds_alternative<core::RetrySweep>(command) || std::holds_alternative<core::DeleteSweep>(command);
}

}  // namespace basin::server::runtime
