#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "server/core/event.h"
#include "server/core/state.h"

namespace basin::server::runtime {

// What a batch of events touched, so that only that is published and only calls that may now get work are asked again.
struct Changes {
  bool everything = false;  // At start-up.
  std::set<core::SweepId> sweeps{};
  std::map<core::SweepId, uint64_t> trials_finished{};  // With a result or FAILED.
  std::set<core::WorkerId> workers{};
  std::set<core::WorkerId> heard{};  // Workers of which nothing but the time of the last sign of life has changed.
  bool workers_came_or_went = false;
  bool work_appeared = false;                // Trials may now be leased to workers that got none before.
  std::set<core::WorkerId> slots_changed{};  // Workers that may now take a trial, or are now to drain.

  // REQUIRES: `state` is the one to which `event` is about to be applied.
  void Add(const core::Event& event, const core::State& state);
};

// Nothing of the event has to be on disk.
bool IsMemoryOnly(const core::Event& event);

// How many trials could be leased now if workers came that can run all of them.
uint64_t LeasableTrials(const core::State& state);

}  // namespace basin::server::runtime
