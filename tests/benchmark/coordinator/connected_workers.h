#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace basin::benchmark {

// So many workers, each with a connection and one slot, whose trials take a fixed time: each asks for work, reports ten
// points at equal intervals, the outcome with the last one, and asks again.
struct ConnectedLoad {
  int workers = 1000;
  double trials_per_second = 500;  // Of all workers together, if the server keeps up.
  double seconds = 10;             // To measure, after a ramp of the length of two trials.
};

struct ConnectedResult {
  std::vector<double> lease_ms;   // Of each call for work that was answered with a trial: from the call to the answer.
  std::vector<double> report_ms;  // Of each report.
  double trials_per_second = 0;   // As measured.
};

ConnectedResult MeasureConnectedWorkers(const std::string& address, const ConnectedLoad& load);

}  // namespace basin::benchmark
