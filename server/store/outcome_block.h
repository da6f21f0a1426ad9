#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/core/model.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// The outcomes of a sweep's trials are read together, a million at once: row by row that takes seconds. Trials
// [b * kBlockTrials, (b + 1) * kBlockTrials) are block b. Once all of a block have ended, it is settled: the table
// settled_column keeps what there is to compare of them by columns, beside their rows, which stay the truth.
inline constexpr uint64_t kBlockTrials = 1024;

// The value that a trial does not have; other NaNs have other bits.
inline constexpr uint64_t kNoValueBits = 0x7ff8000000000b45;

// Outcomes of consecutive trials, by columns.
struct OutcomeBlock {
  uint64_t first = 0;              // Index of the first one.
  std::vector<uint8_t> states;     // core::TrialState; 0: no row, never leased.
  std::vector<double> objectives;  // NaN for none.
  // Last values of metrics by the key of their name: of SUCCEEDED trials; kNoValueBits for others. A metric that only
  // DIVERGED trials have is a column without values.
  std::map<uint32_t, std::vector<double>> metrics;

  // A row of kSelectOutcomes, in its order.
  absl::Status Add(const Row& row);
};

// Of sweep ?1, trials ?2 to below ?3.
extern const char kSelectOutcomes[];

// The block as settled_column has it, by metric. Metric 0: the states, a byte each, then the objectives, 8 bytes each;
// of a metric its values, 8 bytes each.
std::map<uint32_t, std::string> PackColumns(const OutcomeBlock& block);
// DATA_LOSS when the bytes can't be a column.
absl::Status UnpackEnds(std::string_view bytes, std::vector<uint8_t>* states, std::vector<double>* objectives);
absl::Status UnpackValues(std::string_view bytes, std::vector<double>* values);

}  // namespace basin::server::store
