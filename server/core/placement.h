#pragma once

#include <string>

#include "server/core/state.h"

// Which worker may run which trial.
namespace basin::server::core {

// What the next lease of the sweep must agree with: its pins, or nothing as long as it has no result and nothing runs
// (but always its pins, if it runs a trial of another again).
SweepPins PinsInForce(const SweepEntry& sweep);

// Whether the worker runs the engine that is pinned, if any is.
bool HasEngine(const SweepPins& pins, const WorkerDescription& worker);

// Whether the worker has the data set with the digest that is pinned, if one is.
// No data set, `dataset` empty, is what everyone has.
bool HasData(const SweepPins& pins, const WorkerDescription& worker, const std::string& dataset);

// Whether another worker is connected, of another name and not set aside, that could run a trial with this data set,
// though perhaps not at once. Looks at every worker, if need be.
bool AnotherCould(const State& state, const WorkerDescription& than, const SweepPins& pins, const std::string& dataset,
                  MonoTime now);

}  // namespace basin::server::core
