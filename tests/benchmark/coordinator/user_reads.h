#pragma once

#include <functional>
#include <string>
#include <vector>

namespace basin::benchmark {

// Milliseconds of each of `repetitions` calls that users make of a server with stored trials.
struct UserReads {
  std::vector<double> results_grouped;     // First page, grouped by two params.
  std::vector<double> results_filtered;    // The same with a condition, sorted by a metric.
  std::vector<double> results_configs;     // First page, a row a config.
  std::vector<double> list, show, trials;  // First pages.
  std::vector<double> watch;  // From the moment when a worker sends a trial's outcome until a watcher has the change.
};

UserReads MeasureUserReads(const std::string& address, const std::string& sweep, int repetitions);

}  // namespace basin::benchmark
