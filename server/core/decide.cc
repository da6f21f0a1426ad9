#include "server/core/decide.h"

#include "absl/strings/str_cat.h"
#include "server/core/decide_internal.h"

namespace basin::server::core {
namespace {

const char* ActionOf(const CreateSweep& command) { return command.verifies ? "verify trial" : "create sweep"; }
const char* ActionOf(const PauseSweep&) { return "pause sweep"; }
const char* ActionOf(const ResumeSweep&) { return "resume sweep"; }
const char* ActionOf(const CancelSweep&) { return "cancel sweep"; }
const char* ActionOf(const RetrySweep&) { return "retry sweep"; }
const char* ActionOf(const DeleteSweep&) { return "delete sweep"; }
const char* ActionOf(const DrainWorker&) { return "drain worker"; }

template <typename Command>
absl::Status CheckOwner(const State& state, const Command& command) {
  if (!command.by.own_sweeps_only) return absl::OkStatus();
  const SweepEntry* sweep = state.FindSweep(command.id);
  if (sweep == nullptr || sweep->record.owner == command.by.name) return absl::OkStatus();
  const std::string& owner = sweep->record.owner;
  return absl::PermissionDeniedError(absl::StrCat(
      "sweep '", command.id, "' belongs to ", owner.empty() ? "nobody" : absl::StrCat("'", owner, "'"), ", and '",
      command.by.name, "' may change their own sweeps only; ask its owner, or someone with the role admin"));
}

absl::Status CheckPrincipal(const State& state, const WorkerId& id, const std::string& principal) {
  const WorkerEntry* worker = state.FindWorker(id);
  if (worker == nullptr || worker->record.description.principal == principal) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("worker '", id, "' is not registered"));
}

// Whether who gives the command may give it about this sweep or as this worker; what kinds of commands he may give was
// asked before (server/access).
template <typename Command>
absl::Status CheckCaller(const State& state, const Command& command) {
  if constexpr (requires { command.by; }) return CheckOwner(state, command);
  if constexpr (requires {
                  command.principal;
                  command.worker;
                }) {
    return CheckPrincipal(state, command.worker, command.principal);
  } else if constexpr (requires { command.principal; }) {
    return CheckPrincipal(state, command.id, command.principal);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Decision> Decide(const State& state, const Command& command, Now now) {
  return std::visit(
      [&](const auto& one) -> absl::StatusOr<Decision> {
        const absl::Status allowed = CheckCaller(state, one);
        if (!allowed.ok()) return allowed;
        absl::StatusOr<Decision> decision = DecideOne(state, one, now);
        if constexpr (requires { one.by; }) {
          if (decision.ok() && !decision->events.empty() && !one.by.name.empty()) {
            decision->events.push_back(Audited{one.by.name, ActionOf(one), one.id, now.wall});
          }
        }
        return decision;
      },
      command);
}

}  // namespace basin::server::core
