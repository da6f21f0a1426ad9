#include "server/core/placement.h"

#include <algorithm>

#include "server/core/set_aside.h"

namespace basin::server::core {

SweepPins PinsInForce(const SweepEntry& sweep) {
  if (sweep.record.verifies) return sweep.record.pins;
  const TrialCounts& counts = sweep.record.counts;
  if (counts.running + counts.succeeded + counts.diverged + counts.pruned == 0) return {};
  return sweep.record.pins;
}

bool HasEngine(const SweepPins& pins, const WorkerDescription& worker) {
  return pins.engine_fingerprint.empty() || pins.engine_fingerprint == worker.engine_fingerprint;
}

bool HasData(const SweepPins& pins, const WorkerDescription& worker, const std::string& dataset) {
  if (dataset.empty()) return true;
  const auto had = worker.datasets.find(dataset);
  if (had == worker.datasets.end()) return false;
  const auto pinned = pins.digests.find(dataset);
  return pinned == pins.digests.end() || pinned->second == had->second;
}

bool AnotherCould(const State& state, const WorkerDescription& than, const SweepPins& pins, const std::string& dataset,
                  MonoTime now) {
  return std::ranges::any_of(state.workers(), [&](const auto& entry) {
    const WorkerRecord& other = entry.second.record;
    return other.state == WorkerState::kConnected && other.description.name != than.name &&
           !IsSetAside(entry.second, now) && HasEngine(pins, other.description) &&
           HasData(pins, other.description, dataset);
  });
}

}  // namespace basin::server::core
