#include "server/core/decide.h"

#include "server/core/decide_internal.h"

namespace basin::server::core {

absl::StatusOr<Decision> Decide(const State& state, const Command& command, Now now) {
  return std::visit([&](const auto& one) { return DecideOne(state, one, now); }, command);
}

}  // namespace basin::server::core
