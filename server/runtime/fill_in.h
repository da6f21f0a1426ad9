#pragma once

#include "absl/status/status.h"
#include "server/core/command.h"
#include "server/core/state.h"
#include "server/runtime/random_id.h"
#include "server/store/store.h"

namespace basin::server::runtime {

// Completes a command with what its decision needs and the state does not hold: fresh ids, and what the store knows of
// finished things. An error of the store is the command's.
absl::Status FillIn(const core::State& state, store::Store& store, const RandomBits& random, core::Command* command);

// What the store holds about this command changes with other commands, so that their events must be on disk before it
// is filled in, and its own before the next one is.
bool NeedsItsOwnCommit(const core::Command& command);

}  // namespace basin::server::runtime
