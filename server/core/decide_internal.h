#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "server/core/decide.h"

// Decide, one function a command. Private to this folder.
namespace basin::server::core {

// So many workers that left or were lost are remembered, for people to see.
inline constexpr size_t kGoneWorkersKept = 256;

absl::StatusOr<Decision> DecideOne(const State& state, const CreateSweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const PauseSweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const ResumeSweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const CancelSweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const RetrySweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const DeleteSweep& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const RegisterWorker& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const UnregisterWorker& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const DrainWorker& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const LeaseTrials& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const Report& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const AddCheckpoint& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const RejectCheckpoint& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const AddWeights& command, Now now);
absl::StatusOr<Decision> DecideOne(const State& state, const ExpireLeases& command, Now now);

// NOT_FOUND when the worker is not known, or has left.
absl::StatusOr<const WorkerEntry*> FindCaller(const State& state, const WorkerId& id);

// What any call of a worker leads to: one that was LOST is back.
void AddReturn(const WorkerEntry& worker, Now now, std::vector<Event>* events);

}  // namespace basin::server::core
