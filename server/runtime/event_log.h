#pragma once

#include <span>

#include "server/core/event.h"
#include "server/core/state.h"

namespace basin::server::runtime {

// A line in the log for each event that an operator cares about. `state` has them applied.
void LogEvents(std::span<const core::Event> events, const core::State& state);

}  // namespace basin::server::runtime
