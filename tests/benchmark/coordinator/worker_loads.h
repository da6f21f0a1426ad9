#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace basin::benchmark {

// How long a load runs before it is measured, and in how many windows of which length it is measured then.
struct Windows {
  double warmup_seconds = 1;
  double seconds = 2;
  int repetitions = 5;
};

// What so many callers do, each on a thread of its own, until they are told to stop: returns how much was done by one
// round of caller `caller`.
using Round = std::function<uint64_t()>;
struct Rates {
  std::vector<double> per_second;  // Of each window.
  uint64_t total = 0;              // From the beginning to the end, outside of windows too.
};
Rates MeasureRates(int callers, const std::function<Round(int caller)>& make, const Windows& windows);

inline constexpr uint64_t kPointsATrial = 10;

// Whole lives of trials, a second: 8 workers with `slots` slots that talk as basin-worker does with trials shorter than
// its delay for points (worker/agent): a call for work is always under way; one report carries the ten points and the
// outcomes of all slots, and frees them. The server answers the waiting call for work in the same commit.
Rates MeasureBatchingWorkers(const std::string& address, uint32_t slots, const Windows& windows);

// Calls a second of 8 workers that lease one trial at a time and use one call for the lease, one for each of its ten
// points, and one for its completion: twelve calls a trial.
inline constexpr uint64_t kCallsASimpleTrial = kPointsATrial + 2;
Rates MeasureSimpleWorkers(const std::string& address, const Windows& windows);

// Points a second of 8 workers with one trial each that report `points` of them in a call.
Rates MeasurePoints(const std::string& address, uint64_t points, const Windows& windows);

// Calls a second of 8 callers of a server that answers an empty message with an empty message (see empty_server).
Rates MeasureEmptyCalls(const std::string& address, const Windows& windows);

}  // namespace basin::benchmark
