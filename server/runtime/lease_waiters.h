#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/command.h"

namespace basin::server::runtime {

// Receives the one answer to a command, on the loop's thread: it must not block.
using ReplyCallback = std::function<void(absl::StatusOr<core::Reply>)>;

// Calls for work that found none, in the order in which they came. One thread.
class LeaseWaiters {
 public:
  struct Waiter {
    uint64_t call = 0;  // Grows from call to call.
    core::LeaseTrials command;
    core::MonoTime until{};
    ReplyCallback done;
  };

  void Add(Waiter waiter);
  std::optional<Waiter> Remove(uint64_t call);
  // The calls whose time is over.
  std::vector<Waiter> RemoveOverdue(core::MonoTime now);
  std::vector<Waiter> RemoveAll();

  std::vector<uint64_t> CallsOf(const core::WorkerId& worker) const;
  const std::map<uint64_t, Waiter>& waiters() const { return waiters_; }
  std::optional<core::MonoTime> FirstDeadline() const;

 private:
  std::map<uint64_t, Waiter> waiters_;
  std::set<std::pair<core::MonoTime, uint64_t>> deadlines_;
  std::set<std::pair<core::WorkerId, uint64_t>> by_worker_;
};

}  // namespace basin::server::runtime
