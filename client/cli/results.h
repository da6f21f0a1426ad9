#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/context.h"

namespace basin::client::cli {

struct ResultsQuery {
  std::string sweep;
  std::vector<std::string> by = {}, where = {};
  std::string sort = {};
  uint64_t top = 0;  // 0: all rows.
};

// Writes a row a config (or group of configs) with its statistics over seeds to stdout.
absl::Status PrintResults(Context& context, const ResultsQuery& query);

}  // namespace basin::client::cli
