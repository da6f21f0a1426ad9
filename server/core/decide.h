#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/core/command.h"
#include "server/core/event.h"
#include "server/core/state.h"

namespace basin::server::core {

struct Decision {
  std::vector<Event> events;
  Reply reply;
};

// What a command leads to, given the state and the time. Pure: the same arguments give the same decision, and the state
// does not change; the caller applies the events, stores them, and sends the reply only when they are on disk. An error
// means that nothing happens: NOT_FOUND, FAILED_PRECONDITION, ALREADY_EXISTS as the proto's comments say for each call.
//
// A LeaseTrials that finds nothing gives an empty reply and no events but LeasesRenewed; the caller may ask again
// later.
absl::StatusOr<Decision> Decide(const State& state, const Command& command, Now now);

}  // namespace basin::server::core
