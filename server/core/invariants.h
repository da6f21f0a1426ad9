#pragma once

#include "absl/status/status.h"
#include "server/core/state.h"

namespace basin::server::core {

// Whether the state agrees with itself, as it must after every command: INTERNAL with the first contradiction if not.
// For tests and the simulation; walks everything.
absl::Status CheckInvariants(const State& state);

}  // namespace basin::server::core
