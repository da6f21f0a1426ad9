// Calls for work: those that are answered at once, and those that wait.
#include <algorithm>

#include "server/runtime/coordinator.h"

namespace basin::server::runtime {
namespace {

constexpr core::MonoTime kMaxWait = std::chrono::seconds(60);

bool IsEmpty(const core::Reply& reply) {
  const auto* lease = std::get_if<core::LeaseReply>(&reply);
  return lease != nullptr && lease->leases.empty() && !lease->drain;
}

}  // namespace

uint64_t Coordinator::Lease(core::LeaseTrials command, core::MonoTime wait, ReplyCallback done) {
  const uint64_t call = ++last_call_;
  const core::MonoTime longest = std::min<core::MonoTime>(kMaxWait, options_.settings.lease / 2);
  Push({.what = core::Command(std::move(command)),
        .done = std::move(done),
        .call = call,
        .wait = std::clamp(wait, core::MonoTime::zero(), longest)});
  return call;
}

void Coordinator::CancelLease(uint64_t call) { Push({.what = CancelledCall{}, .size = 0, .call = call}); }

void Coordinator::EndWaits() { Push({.what = WaitsEnd{}, .size = 0}); }

void Coordinator::ExecuteLease(Item item, core::LeaseTrials& command) {
  // A worker waits in one call: an earlier one is dead.
  for (const uint64_t call : waiters_.CallsOf(command.worker)) {
    answers_.push_back({waiters_.Remove(call)->done, core::Reply(core::LeaseReply{})});
  }
  bool more = false;
  absl::StatusOr<core::Reply> reply = DecideLease(command, &more);
  if (more) return AskLater(item.call, std::move(command), item.wait, std::move(item.done));
  if (reply.ok() && IsEmpty(*reply) && item.wait > core::MonoTime::zero() && !waits_ended_) {
    waiters_.Add({.call = item.call,
                  .command = std::move(command),
                  .until = now_.mono + item.wait,
                  .done = std::move(item.done)});
    return;
  }
  answers_.push_back({std::move(item.done), std::move(reply)});
}

absl::StatusOr<core::Reply> Coordinator::DecideLease(core::LeaseTrials command, bool* more) {
  constexpr int kMostTurns = 8;
  for (int turn = 0;; ++turn) {
    absl::StatusOr<core::Reply> reply = DecideAndApply(command);
    if (!reply.ok()) return reply;
    const auto& look_up = std::get<core::LeaseReply>(*reply).look_up;
    *more = !look_up.empty() && turn + 1 >= kMostTurns;
    if (look_up.empty() || *more) return reply;
    for (const auto& [key, computation] : look_up) {
      absl::StatusOr<core::KnownResult> result = store_->FindResult(computation);
      if (!result.ok() && !absl::IsNotFound(result.status())) return result.status();
      command.known[key] = result.ok() ? std::optional(*std::move(result)) : std::nullopt;
    }
  }
}

void Coordinator::AskLater(uint64_t call, core::LeaseTrials command, core::MonoTime wait, ReplyCallback done) {
  Push({.what = core::Command(std::move(command)), .done = std::move(done), .call = call, .wait = wait});
}

void Coordinator::AnswerOverdueWaiters() {
  for (LeaseWaiters::Waiter& waiter : waiters_.RemoveOverdue(now_.mono)) {
    answers_.push_back({std::move(waiter.done), core::Reply(core::LeaseReply{})});
  }
}

// Asks again for those calls that may get something now, the oldest first, until all that can be leased is.
void Coordinator::WakeWaiters() {
  if (full_since_ || !failed_.ok() || waiters_.waiters().empty()) return;
  if (changes_.work_appeared) {
    std::vector<uint64_t> calls;
    for (const auto& [call, waiter] : waiters_.waiters()) calls.push_back(call);
    uint64_t leasable = LeasableTrials(state_);
    for (const uint64_t call : calls) {
      if (leasable == 0) break;
      leasable -= std::min(leasable, WakeWaiter(call));
    }
  }
  for (const core::WorkerId& worker : changes_.slots_changed) {
    for (const uint64_t call : waiters_.CallsOf(worker)) WakeWaiter(call);
  }
}

uint64_t Coordinator::WakeWaiter(uint64_t call) {
  bool more = false;
  absl::StatusOr<core::Reply> reply = DecideLease(waiters_.waiters().at(call).command, &more);
  if (!more && reply.ok() && IsEmpty(*reply)) return 0;
  LeaseWaiters::Waiter waiter = *waiters_.Remove(call);
  if (more) {
    AskLater(call, std::move(waiter.command), waiter.until - now_.mono, std::move(waiter.done));
    return 0;
  }
  const uint64_t leases = reply.ok() ? std::get<core::LeaseReply>(*reply).leases.size() : 0;
  answers_.push_back({std::move(waiter.done), std::move(reply)});
  return leases;
}

}  // namespace basin::server::runtime
