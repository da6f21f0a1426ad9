#include "server/runtime/lease_waiters.h"

namespace basin::server::runtime {

void LeaseWaiters::Add(Waiter waiter) {
  deadlines_.emplace(waiter.until, waiter.call);
  by_worker_.emplace(waiter.command.worker, waiter.call);
  const uint64_t call = waiter.call;
  waiters_.emplace(call, std::move(waiter));
}

std::optional<LeaseWaiters::Waiter> LeaseWaiters::Remove(uint64_t call) {
  const auto found = waiters_.find(call);
  if (found == waiters_.end()) return std::nullopt;
  Waiter waiter = std::move(found->second);
  waiters_.erase(found);
  deadlines_.erase({waiter.until, call});
  by_worker_.erase({waiter.command.worker, call});
  return waiter;
}

std::vector<LeaseWaiters::Waiter> LeaseWaiters::RemoveOverdue(core::MonoTime now) {
  std::vector<Waiter> overdue;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    overdue.push_back(*Remove(deadlines_.begin()->second));
  }
  return overdue;
}

std::vector<LeaseWaiters::Waiter> LeaseWaiters::RemoveAll() { return RemoveOverdue(core::MonoTime::max()); }

std::vector<uint64_t> LeaseWaiters::CallsOf(const core::WorkerId& worker) const {
  std::vector<uint64_t> calls;
  for (auto place = by_worker_.lower_bound({worker, 0}); place != by_worker_.end() && place->first == worker; ++place) {
    calls.push_back(place->second);
  }
  return calls;
}

std::optional<core::MonoTime> LeaseWaiters::FirstDeadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace basin::server::runtime
