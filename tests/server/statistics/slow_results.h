#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/domain.pb.h"
#include "server/statistics/group_results.h"

namespace basin::server::statistics {

// A trial as far as it is compared. Trials that were never leased need not be there.
struct TrialValue {
  uint64_t config = 0;
  uint64_t seed = 0;
  TrialEnd end = TrialEnd::kUnfinished;
  std::optional<double> objective;
  std::map<std::string, double> metrics;  // Last values by name.
};

// The params of a config, as contract::Space gives them.
using ConfigParams = std::function<std::vector<v1::Param>(uint64_t config)>;

// What GroupResults must give, bit by bit, computed trial by trial in the plainest way.
absl::StatusOr<ResultTable> SlowResults(const ResultQuery& query, std::span<const TrialValue> trials,
                                        const ConfigParams& params_of);

}  // namespace basin::server::statistics
